import { afterAll, beforeAll, expect, test } from "bun:test";
import { ding, type RunResult } from "../support/ding.ts";
import { startSlave, type StartedSlave } from "../support/slave.ts";
import { jsonLines, parseLines } from "../support/submit.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

let slave: StartedSlave;
let folder: TempFolder;
beforeAll(async () => {
  [slave, folder] = await Promise.all([startSlave(), tempFolder()]);
});
afterAll(async () => {
  await slave[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const SUMS = [5, 7, 9];
const TASKS = SUMS.map((sum) => ({ add: [2, sum - 2] }));

function run(args: string[], input = ""): Promise<RunResult> {
  const words = ["master", "submit", "--json", ...args];
  return ding(words, { runtime: "binary", cwd: folder.path, input });
}

function sumsOf({ stdout }: RunResult): unknown[] {
  return parseLines(stdout).map(({ result }) => (result as { sum: number }).sum);
}

/** Every form of a file with these tasks, and how many of them. */
const FORMS: { name: string; file: string; text: string; count: number }[] = [
  { name: "one task", file: "one.json", text: '{"add": [2, 3]}', count: 1 },
  {
    name: "one task on many lines",
    file: "many.json",
    text: JSON.stringify(TASKS[0], null, 2),
    count: 1,
  },
  { name: "a list", file: "list.json", text: JSON.stringify(TASKS), count: 3 },
  {
    name: "a list on many lines",
    file: "lists.json",
    text: `\n${JSON.stringify(TASKS, null, 2)}\n\n`,
    count: 3,
  },
  { name: "JSON lines", file: "tasks.jsonl", text: jsonLines(TASKS), count: 3 },
  { name: "JSON lines under another name", file: "tasks.txt", text: jsonLines(TASKS), count: 3 },
  {
    name: "JSON lines without a last line end",
    file: "t.jsonl",
    text: jsonLines(TASKS).trimEnd(),
    count: 3,
  },
  {
    name: "JSON lines of Windows, with blank ones",
    file: "w.jsonl",
    text: jsonLines(TASKS).replaceAll("\n", "\r\n\r\n"),
    count: 3,
  },
  {
    name: "an object with tasks",
    file: "object.json",
    text: JSON.stringify({ tasks: TASKS }),
    count: 3,
  },
];

for (const { name, file, text, count } of FORMS) {
  test(`ding master submit takes ${name}, from a file and from standard input`, async () => {
    await folder.write(file, text);
    const to = ["--slave", slave.address];
    const [fromFile, fromStdin] = await Promise.all([run([file, ...to]), run(["-", ...to], text)]);
    for (const result of [fromFile, fromStdin]) {
      expect(sumsOf(result)).toEqual(SUMS.slice(0, count));
      expect(result.code).toBe(0);
    }
  });
}

test("a task file may name its slaves and its channel; flags weigh more", async () => {
  const job = { tasks: TASKS, slaves: [slave.address], channel: 233 };
  await folder.write("job.json", job);
  const result = await run(["job.json"]);
  expect(sumsOf(result)).toEqual(SUMS);
  expect(result.stderr).not.toContain("Using channel"); // nobody had to be asked
  await folder.write("wrong.json", { ...job, slaves: ["127.0.0.1:1"], channel: 5 });
  const args = ["--slave", slave.address, "--channel", "233"];
  expect(sumsOf(await run(["wrong.json", ...args]))).toEqual(SUMS);
  await folder.write("channel.json", { ...job, channel: 5 });
  const refused = await run(["channel.json"]);
  expect(refused.stderr).toContain("Channel is not the slave's");
  expect([refused.code, refused.stdout]).toEqual([4, ""]);
});

test("the configuration of the current folder names slaves and channel", async () => {
  await using home = await tempFolder();
  await home.write("ding.config.json", { master: { slave: [slave.address], channel: 233 } });
  await home.write("task.json", TASKS[0]);
  const words = ["master", "submit", "task.json"];
  const { code, stdout, stderr } = await ding(words, { runtime: "binary", cwd: home.path });
  expect(stdout).toMatch(/^0 {2}COMPLETED {2}\{"sum":5\}\n1 task in [\d.]+ s: 1 completed\n$/);
  expect([code, stderr]).toEqual([0, ""]);
});

/** Files that are not what they should be, and what is said of them. */
const FAULTS: [name: string, file: string, text: string | Uint8Array, says: RegExp][] = [
  ["broken JSON", "x.json", '{\n  "add": [2, 3,]\n}\n', /"x\.json": line 2, column 15: this comma/],
  [
    "a broken line",
    "x.jsonl",
    '{"add": [2, 3]}\n{"add": [2, \n',
    /"x\.jsonl": line 2, column 13: /,
  ],
  ["nothing", "empty.json", " \n", /"empty\.json": it is empty/],
  ["what is no text", "x.bin", Uint8Array.of(0xff, 0xfe, 0x80), /"x\.bin": line 1 is not UTF-8/],
  [
    "an object with more beside its tasks",
    "o.json",
    '{"tasks": [], "slave": "n1"}',
    /"o\.json": .*slave/,
  ],
  [
    "slaves that are none",
    "s.json",
    '{"tasks": [1], "slaves": ["n1:x"]}',
    /Cannot use slave "n1:x"/,
  ],
];

for (const [name, file, text, says] of FAULTS) {
  test(`ding master submit refuses ${name} with 2, and says where`, async () => {
    await folder.write(file, text);
    const { code, stdout, stderr } = await run([file]);
    expect(stderr).toMatch(says);
    expect(code).toBe(2);
    expect(stdout).toBe("");
  });
}

test("ding master submit of no tasks at all is done at once", async () => {
  const { code, stdout } = await run(["-", "--slave", slave.address], "[]");
  expect([code, stdout]).toEqual([0, ""]);
});
