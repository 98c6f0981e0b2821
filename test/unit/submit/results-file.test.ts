import { expect, test } from "bun:test";
import { appendFile, readFile, stat, writeFile } from "node:fs/promises";
import { formatResultLine, type ResultLine } from "../../../src/master/submit/result-line.ts";
import { ResultsFile } from "../../../src/master/submit/results-file.ts";
import { EarlierResults } from "../../../src/master/submit/results-resume.ts";
import { newTaskId, taskIdentity } from "../../../src/master/submit/task-identity.ts";
import { tempFolder } from "../../support/temp-folder.ts";

function lineOf(index: number, data: unknown, more: Partial<ResultLine> = {}): ResultLine {
  const id = newTaskId(taskIdentity(index, data));
  const line = { index, id, status: "COMPLETED", result: data, slave: "n1:7236" } as const;
  return { ...line, attempts: 1, ms: 1.5, ...more };
}

const textOf = (...lines: ResultLine[]): string =>
  lines.map((line) => `${formatResultLine(line)}\n`).join("");

test("formatResultLine() has these keys in this order, and error only if there is one", () => {
  const keys = (line: ResultLine): string[] => Object.keys(JSON.parse(formatResultLine(line)));
  const plain = ["index", "id", "status", "result", "slave", "attempts", "ms"];
  expect(keys(lineOf(0, 1))).toEqual(plain);
  const error = { code: "task.failed", message: "no" };
  expect(keys(lineOf(0, 1, { error }))).toEqual(plain.toSpliced(4, 0, "error"));
});

test("formatResultLine() writes what msgpack holds and JSON does not", () => {
  const result = {
    nothing: undefined,
    floats: new Float32Array([1, 2.5]),
    bytes: new Uint8Array([1, 2, 3]),
    big: 2n ** 64n,
    map: new Map([["a", 1]]),
    set: new Set([1]),
    at: new Date(0),
  };
  expect(JSON.parse(formatResultLine(lineOf(0, 0, { result }))).result).toEqual({
    floats: [1, 2.5],
    bytes: [1, 2, 3],
    big: 2 ** 64,
    map: { a: 1 },
    set: [1],
    at: "1970-01-01T00:00:00.000Z",
  });
  expect(JSON.parse(formatResultLine(lineOf(0, 0, { result: undefined }))).result).toBeNull();
});

test("ResultsFile holds each line as soon as it is written, and a later run goes on behind it", async () => {
  await using folder = await tempFolder();
  const path = folder.file("results.jsonl");
  const lines = [lineOf(0, "a"), lineOf(1, "b")] as const;
  {
    using file = ResultsFile.create(path);
    file.write(lines[0]);
    expect(await readFile(path, "utf8")).toBe(textOf(lines[0]));
  }
  using file = ResultsFile.append(path);
  file.write(lines[1]);
  expect(await readFile(path, "utf8")).toBe(textOf(...lines));
});

test("ResultsFile.create() does not touch a file that holds something", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("results.jsonl", "precious");
  expect(() => ResultsFile.create(path)).toThrow(/not empty/);
  expect(await readFile(path, "utf8")).toBe("precious");
  ResultsFile.create(await folder.write("empty", ""))[Symbol.dispose]();
  expect(() => ResultsFile.create(folder.file("no/such/folder"))).toThrow(/Cannot write results/);
});

test("ResultsFile.write() leaves no half line when the disk is full", () => {
  using full = ResultsFile.append("/dev/full");
  expect(() => full.write(lineOf(0, 0))).toThrow(/Cannot write results to "\/dev\/full"/);
});

test("EarlierResults knows what is done and what must run again", async () => {
  await using folder = await tempFolder();
  const path = await folder.write(
    "results.jsonl",
    textOf(
      lineOf(0, "a"),
      lineOf(1, "b", { status: "FAILED" }),
      lineOf(2, "c", { status: "TIMED_OUT" }),
      lineOf(3, "d", { status: "LOST" }),
      lineOf(4, "e", { status: "CANCELLED" }),
      lineOf(5, "f", { status: "START_FAILED" }),
      lineOf(6, "g", { status: "LOST" }),
      lineOf(6, "g"),
    ),
  );
  const earlier = await EarlierResults.read(path);
  expect([0, 1, 2, 3, 4, 5, 6, 7].filter((index) => earlier.has(index))).toEqual([0, 1, 2, 6]);
  expect(earlier.size).toBe(4);
  expect(earlier.count("COMPLETED")).toBe(2);
  earlier.check(0, "a");
  earlier.check(7, "anything");
  expect(() => earlier.check(1, "x")).toThrow(/result 1 belongs to a task with other data/);
  earlier.checkTotal(7);
  expect(() => earlier.checkTotal(6)).toThrow(/has a result 6, the job has 6 tasks/);
});

test("EarlierResults.read() takes a file that is not there, or is empty, for a beginning", async () => {
  await using folder = await tempFolder();
  expect((await EarlierResults.read(folder.file("none"))).size).toBe(0);
  expect((await EarlierResults.read(await folder.write("empty", ""))).size).toBe(0);
});

test("EarlierResults.read() cuts off a torn last line at whatever byte it was torn", async () => {
  await using folder = await tempFolder();
  const whole = textOf(lineOf(0, "é".repeat(50_000)), lineOf(1, "b"));
  const last = Buffer.from(textOf(lineOf(2, "日本".repeat(40_000))));
  const path = folder.file("results.jsonl");
  for (const cut of [1, 2, 9, 10, 100, 70_000, 140_001, last.length - 2]) {
    await writeFile(path, whole);
    await appendFile(path, last.subarray(0, cut));
    const earlier = await EarlierResults.read(path);
    expect([0, 1, 2].filter((index) => earlier.has(index))).toEqual([0, 1]);
    expect(await readFile(path, "utf8")).toBe(whole);
  }
});

test("EarlierResults.read() completes a last line that lacks nothing but its end", async () => {
  await using folder = await tempFolder();
  const whole = textOf(lineOf(0, "a"), lineOf(1, "b"));
  const path = await folder.write("results.jsonl", whole.slice(0, -1));
  const earlier = await EarlierResults.read(path);
  expect(earlier.has(1)).toBe(true);
  expect(await readFile(path, "utf8")).toBe(whole);
});

test("EarlierResults.read() cuts off a torn line behind which a power cut left zeros", async () => {
  await using folder = await tempFolder();
  const path = await folder.write("results.jsonl", `${textOf(lineOf(0, "a"))}{"ind\0\0\0\0\0\0`);
  expect((await EarlierResults.read(path)).size).toBe(1);
  expect(await readFile(path, "utf8")).not.toContain("\0");
});

const STRANGERS: [name: string, text: string][] = [
  ["other JSON lines", '{"a": 1}\n{"a": 2}\n'],
  ["tasks with an index", '{"index": 0, "id": "x", "status": "COMPLETED"}\n'],
  ["results with other ids", `${formatResultLine({ ...lineOf(0, 0), id: crypto.randomUUID() })}\n`],
  ["a text without an end", "hello"],
  ["a good line and a bad one", `${textOf(lineOf(0, 0))}oops\n${textOf(lineOf(1, 1))}`],
  ["a good line and a stranger's end", `${textOf(lineOf(0, 0))}{"a": 1`],
  ["a bad line and a torn end", 'oops\n{"index":1,"id'],
  ["a blank line", `${textOf(lineOf(0, 0))}\n`],
];

for (const [name, text] of STRANGERS) {
  test(`EarlierResults.read() refuses ${name} and leaves the file as it is`, async () => {
    await using folder = await tempFolder();
    const path = await folder.write("results.jsonl", text);
    const before = await stat(path);
    const error = await EarlierResults.read(path).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "usage.invalid-input" });
    expect(String(error)).toMatch(/Cannot resume ".*results\.jsonl"/);
    expect((await stat(path)).mtimeMs).toBe(before.mtimeMs);
    expect(await readFile(path, "utf8")).toBe(text);
  });
}
