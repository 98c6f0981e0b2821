import { existsSync } from "node:fs";
import { readdir, readFile, rename, symlink, unlink } from "node:fs/promises";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { LogFile, type LogFileOptions } from "../../../commands/_log-file.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";

const DAY_MS = 86_400_000;
const START = Date.UTC(2024, 4, 31, 12);
const FILE = "serve_2024-05-31.log";

let folder: TempFolder;
let nowMs = START;
const troubles: string[] = [];

beforeEach(async () => {
  folder = await tempFolder();
  nowMs = START;
  troubles.length = 0;
});
afterEach(() => folder[Symbol.asyncDispose]());

function open(options: Partial<LogFileOptions> = {}): LogFile {
  return new LogFile({
    folder: folder.path,
    name: "serve",
    extension: "log",
    maxBytes: 100,
    keep: 3,
    onTrouble: (message) => void troubles.push(message),
    now: () => nowMs,
    ...options,
  });
}

/** Lines are written at the end of a turn. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const linesOf = async (file: string): Promise<string[]> =>
  (await readFile(folder.file(file), "utf8")).split("\n").slice(0, -1);

async function write(log: LogFile, ...lines: string[]): Promise<void> {
  for (const line of lines) log.write(line);
  await turn();
}

describe("LogFile", () => {
  test("makes its folder and file at once, and goes on with a file that is there", async () => {
    const deep = folder.file("a/b");
    open({ folder: deep })[Symbol.dispose]();
    expect(existsSync(`${deep}/${FILE}`)).toBe(true);
    await folder.write(FILE, "before\n");
    using log = open();
    await write(log, "one", "two");
    expect(await linesOf(FILE)).toEqual(["before", "one", "two"]);
  });

  test("writes what is left when it is let go", async () => {
    const log = open();
    log.write("last");
    log[Symbol.dispose]();
    expect(await linesOf(FILE)).toEqual(["last"]);
  });

  test("puts a full file aside and keeps the newest, in the middle of a burst too", async () => {
    using log = open();
    const lines = Array.from({ length: 12 }, (_, at) => `${at}`.padEnd(39, "."));
    await write(log, ...lines);
    expect((await readdir(folder.path)).toSorted()).toEqual([FILE, `${FILE}.4`, `${FILE}.5`]);
    const kept = [...(await linesOf(`${FILE}.4`)), ...(await linesOf(`${FILE}.5`))];
    expect([...kept, ...(await linesOf(FILE))]).toEqual(lines.slice(6));
  });

  test("takes a line that is longer than a file", async () => {
    using log = open();
    await write(log, "x".repeat(500), "y");
    expect(await linesOf(`${FILE}.1`)).toEqual(["x".repeat(500)]);
    expect(await linesOf(FILE)).toEqual(["y"]);
  });

  test("begins a new file each day, and removes only old files of its own", async () => {
    await folder.write("serve_2024-05-01.err", "another kind");
    await folder.write("serve_2024-05-01.log", "oldest");
    await folder.write("server_2024-05-01.log", "another name");
    using log = open();
    for (const line of ["1", "2", "3"]) {
      await write(log, line);
      nowMs += DAY_MS;
    }
    expect((await readdir(folder.path)).toSorted()).toEqual([
      "serve_2024-05-01.err",
      FILE,
      "serve_2024-06-01.log",
      "serve_2024-06-02.log",
      "server_2024-05-01.log",
    ]);
  });

  test("begins again when its file was moved or removed", async () => {
    using log = open();
    await write(log, "one");
    await rename(folder.file(FILE), folder.file("moved"));
    nowMs += 1_000;
    await write(log, "two");
    await unlink(folder.file(FILE));
    nowMs += 1_000;
    await write(log, "three");
    expect(await linesOf("moved")).toEqual(["one"]);
    expect(await linesOf(FILE)).toEqual(["three"]);
    await folder[Symbol.asyncDispose]();
    nowMs += 1_000;
    await write(log, "four");
    expect(await linesOf(FILE)).toEqual(["four"]);
  });

  test("puts aside once what two programs write", async () => {
    using one = open({ keep: 9 });
    using other = open({ keep: 9 });
    const line = (at: number): string => `${at}`.padEnd(59, ".");
    await write(one, line(1));
    await write(one, line(2));
    nowMs += 1_000;
    await write(other, line(3));
    await write(other, line(4));
    expect((await readdir(folder.path)).toSorted()).toEqual([
      FILE,
      `${FILE}.1`,
      `${FILE}.2`,
      `${FILE}.3`,
    ]);
    expect(await linesOf(FILE)).toEqual([line(4)]);
  });

  test("goes on when the disk is full, says so once, and counts what was lost", async () => {
    await symlink("/dev/full", folder.file(FILE));
    using log = open({ maxBytes: 1_000 });
    await write(log, "one", "two");
    await write(log, "three");
    expect(troubles).toEqual([expect.stringContaining(`Cannot write to ${folder.file(FILE)}: `)]);
    await unlink(folder.file(FILE));
    nowMs += 1_000;
    await write(log, "four");
    const [lost, ...rest] = await linesOf(FILE);
    expect(JSON.parse(lost ?? "")).toEqual({
      time: new Date(nowMs).toISOString(),
      level: "warn",
      message: "3 log lines were lost: they could not be written",
    });
    expect(rest).toEqual(["four"]);
    expect(troubles).toHaveLength(1);
  });
});
