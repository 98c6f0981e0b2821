import { expect, test } from "bun:test";
import { Readable } from "node:stream";
import { openJob, type Job } from "../../../src/master/submit/job-file.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { failureOf } from "./failure-of.ts";

const nobody = (): Readable => Readable.from([]);
const from = (...chunks: string[]): Readable =>
  Readable.from(chunks.map((text) => Buffer.from(text)));

async function tasksOf(job: Job): Promise<unknown[]> {
  return await Array.fromAsync(job.tasks());
}

/** What a text means as a file, and the same through a pipe. */
async function readBoth(text: string, name = "tasks.json"): Promise<[unknown[], Job][]> {
  await using folder = await tempFolder();
  await using file = await openJob(await folder.write(name, text), { stdin: nobody() });
  await using pipe = await openJob("-", { stdin: from(text) });
  return [
    [await tasksOf(file), file],
    [await tasksOf(pipe), pipe],
  ];
}

const TEXTS: [text: string, tasks: unknown[]][] = [
  ['{"a": 1}', [{ a: 1 }]],
  ['\uFEFF{"a": 1}', [{ a: 1 }]],
  ["[1, 2, 3]", [1, 2, 3]],
  ["[]", []],
  ["[[1, 2], [3]]", [[1, 2], [3]]],
  ["[1, 2]\n[3]\n", [[1, 2], [3]]],
  ["5", [5]],
  ['null\nfalse\n0\n""\n', [null, false, 0, ""]],
  ['{"a": 1}\n{"a": 2}\n', [{ a: 1 }, { a: 2 }]],
  ['\n\n{"a": 1}\r\n\r\n{"a": 2}', [{ a: 1 }, { a: 2 }]],
  ['{\n  "a": 1\n}', [{ a: 1 }]],
  ['[\n  {"a": 1},\n  {"a": 2}\n]\n', [{ a: 1 }, { a: 2 }]],
  ['{"tasks": [1, 2]}', [1, 2]],
  ['{"tasks": [1]}\n{"tasks": [2]}', [{ tasks: [1] }, { tasks: [2] }]],
  ['[{"tasks": 5}]', [{ tasks: 5 }]],
];

for (const [text, tasks] of TEXTS) {
  test(`openJob() reads ${JSON.stringify(text)}`, async () => {
    for (const [found] of await readBoth(text)) expect(found).toEqual(tasks);
  });
}

test("openJob() takes slaves and channel from a job object", async () => {
  const text = '{"slaves": ["n[1-2]"], "channel": 233, "tasks": [{"a": 1}]}';
  for (const [tasks, job] of await readBoth(text)) {
    expect(tasks).toEqual([{ a: 1 }]);
    expect(job).toMatchObject({ slaves: ["n[1-2]"], channel: 233, total: 1 });
  }
  for (const [, job] of await readBoth('{"slaves": "n1:5", "tasks": []}')) {
    expect(job).toMatchObject({ slaves: ["n1:5"], channel: undefined, total: 0 });
  }
});

test("openJob() believes the ending .jsonl", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("one.jsonl", "[1, 2]\n");
  await using job = await openJob(path, { stdin: nobody() });
  expect(await tasksOf(job)).toEqual([[1, 2]]);
});

test("openJob() knows the number of tasks of a file, not of a pipe", async () => {
  const [file, pipe] = await readBoth("1\n2\n\n3\n");
  expect(file?.[1].total).toBe(3);
  expect(pipe?.[1].total).toBeUndefined();
});

test("openJob() gives the tasks of a pipe as they come", async () => {
  const pipe = new Readable({ read() {} });
  pipe.push('{"a": 1}\n{"a"');
  await using job = await openJob("-", { stdin: pipe });
  const tasks = job.tasks();
  expect(await tasks.next()).toEqual({ done: false, value: { a: 1 } });
  pipe.push(": 2}\n");
  expect(await tasks.next()).toEqual({ done: false, value: { a: 2 } });
  pipe.push(null);
  expect(await tasks.next()).toEqual({ done: true, value: undefined });
});

test("openJob() puts letters together that a pipe cut in two", async () => {
  const bytes = Buffer.from('{"a": "é"}\n{"a": "日本"}\n');
  const chunks = [...bytes].map((byte) => Buffer.from([byte]));
  await using job = await openJob("-", { stdin: Readable.from(chunks) });
  expect(await tasksOf(job)).toEqual([{ a: "é" }, { a: "日本" }]);
});

test("openJob() shows every task to the check before the first is given out, from a pipe too", async () => {
  for (const text of ["[10, 20]", "10\n20\n"]) {
    const seen: [number, unknown][] = [];
    const check = (index: number, data: unknown): void => void seen.push([index, data]);
    await using job = await openJob("-", { stdin: from(text), check });
    expect(seen).toEqual([
      [0, 10],
      [1, 20],
    ]);
    expect(job.total).toBe(2);
    expect(await tasksOf(job)).toEqual([10, 20]);
  }
});

const FAULTS: [text: string, message: RegExp][] = [
  ["", /it is empty/],
  [" \n\n ", /it is empty/],
  ["[1, 2", /line 1, column 6: ',' or '\]' is expected/],
  ['[\n  {"a": 1},\n  {"a": x}\n]', /line 3, column 9: a value is expected/],
  ['{"a": 1}\n{"a": }\n', /line 2, column 7: a value is expected/],
  ['\n{"a": 1}\n\n{"a": 1} x', /line 4, column 10: the end of the text is expected/],
  ['{"tasks": 5}', /"tasks": .*array/],
  ['{"tasks": [], "slave": "n1"}', /Unrecognized key: "slave"/],
  ['{"tasks": [], "channel": "x"}', /"channel": .*number/],
];

for (const [text, message] of FAULTS) {
  test(`openJob() says what is wrong with ${JSON.stringify(text)}`, async () => {
    await using folder = await tempFolder();
    const path = await folder.write("tasks.json", text);
    expect((await failureOf(openJob(path, { stdin: nobody() }))).message).toMatch(message);
    expect((await failureOf(openJob(path, { stdin: nobody() }))).message).toMatch(
      /from ".*tasks\.json"/,
    );
    const piped = async (): Promise<unknown[]> => {
      await using job = await openJob("-", { stdin: from(text) });
      return await tasksOf(job);
    };
    expect((await failureOf(piped())).message).toMatch(message);
    expect((await failureOf(piped())).message).toMatch(/standard input/);
  });
}

test("openJob() says what it wanted when the input is empty", async () => {
  const { code, hint } = await failureOf(openJob("-", { stdin: nobody() }));
  expect(code).toBe("usage.invalid-input");
  expect(hint).toMatch(/one task/);
});

test("openJob() refuses what is no file and what is no text", async () => {
  await using folder = await tempFolder();
  expect((await failureOf(openJob(folder.file("x"), { stdin: nobody() }))).message).toMatch(
    /no such file/,
  );
  expect((await failureOf(openJob(folder.path, { stdin: nobody() }))).message).toMatch(
    /it is a folder/,
  );
  const path = await folder.write("bytes", new Uint8Array([0x31, 0x0a, 0xff, 0xfe, 0x0a]));
  expect((await failureOf(openJob(path, { stdin: nobody() }))).message).toMatch(
    /line 2 is not UTF-8 text/,
  );
});

test("openJob() streams: it takes no more of a pipe than its reader needs", async () => {
  const block = `${JSON.stringify({ text: "x".repeat(1_000) })}\n`.repeat(100);
  let made = 0;
  async function* blocks(): AsyncGenerator<Buffer> {
    for (; made < 1_000; made += 1) yield Buffer.from(block);
  }
  await using job = await openJob("-", { stdin: Readable.from(blocks(), { highWaterMark: 1 }) });
  let [read, ahead] = [0, 0];
  for await (const _ of job.tasks()) {
    read += 1;
    ahead = Math.max(ahead, made - read / 100);
  }
  expect(read).toBe(100_000);
  expect(ahead).toBeLessThan(10);
});
