import { expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { ResultsLock } from "../../../src/master/submit/results-lock.ts";
import { tempFolder } from "../../support/temp-folder.ts";

test("take() refuses a file to which a living process writes, and names it", async () => {
  await using folder = await tempFolder();
  const path = folder.file("results.jsonl");
  writeFileSync(`${path}.lock`, `${process.ppid} ${hostname()}\n`);
  expect(() => ResultsLock.take(path)).toThrow(`process ${process.ppid} on`);
  writeFileSync(`${path}.lock`, `1 another-host\n`);
  expect(() => ResultsLock.take(path)).toThrow("process 1 on another-host does");
});

test("take() takes over what a dead process left behind, and leaves nothing itself", async () => {
  await using folder = await tempFolder();
  const path = folder.file("results.jsonl");
  const dead = Bun.spawnSync(["true"]);
  writeFileSync(`${path}.lock`, `${dead.pid} ${hostname()}\n`);
  {
    using lock = ResultsLock.take(path);
    expect(lock).toBeDefined();
    expect(existsSync(`${path}.lock`)).toBe(true);
  }
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test("take() leaves alone what is no regular file", async () => {
  await using folder = await tempFolder();
  mkdirSync(folder.file("folder"));
  expect(ResultsLock.take(folder.file("folder"))).toBeUndefined();
  expect(ResultsLock.take("/dev/null")).toBeUndefined();
});
