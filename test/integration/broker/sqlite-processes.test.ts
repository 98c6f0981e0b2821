import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const FIXTURES = join(import.meta.dir, "fixtures");
const UNITS = 2;

/** A process that is killed, and waited for, at the end of the block. */
function spawn(name: string, ...args: string[]): AsyncDisposable & { kill: () => Promise<void> } {
  const command = [process.execPath, join(FIXTURES, name), ...args];
  const child = Bun.spawn(command, { stdout: "ignore", stderr: "inherit" });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  return { kill, [Symbol.asyncDispose]: kill };
}

test("sqlite: a worker process that is killed loses no job, and runs at most its leased ones twice", async () => {
  await using folder = await tempFolder();
  const url = `sqlite:${folder.file("jobs.db")}`;
  const notes = folder.file("notes.jsonl");
  const read = (): { text: string; attempt: number }[] =>
    existsSync(notes)
      ? readFileSync(notes, "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as never)
      : [];
  await using queue = await openQueue(url);
  const texts = Array.from({ length: 3_000 }, (_, index) => `${index}`);
  await queue.pushMany(texts.map((text) => ({ value: Buffer.from(text) })));
  await using stack = new AsyncDisposableStack();
  const workers = Array.from({ length: 3 }, () => stack.use(spawn("worker.ts", url, notes)));
  let kills = 0;
  for (const victim of workers.slice(0, 2)) {
    const enough = (kills + 1) * 300;
    await until(() => read().length >= enough, { what: `${enough} jobs` });
    await victim.kill();
    kills++;
    stack.use(spawn("worker.ts", url, notes));
  }
  const isEmpty = async (): Promise<boolean> => (await queue.stats()).length === 0;
  await until(isEmpty, { everyMs: 50, what: "an empty queue" });
  const done = read();
  expect([...new Set(done.map(({ text }) => text))].toSorted()).toEqual(texts.toSorted());
  expect(done.length - texts.length).toBeLessThanOrEqual(kills * 2 * UNITS);
  expect(await queue.stats()).toMatchObject({ dead: 0 });
});

test("sqlite: what a killed process has been told is pushed is there", async () => {
  await using folder = await tempFolder();
  const url = `sqlite:${folder.file("jobs.db")}`;
  const notes = folder.file("notes");
  const noted = (): string[] => readFileSync(notes, "utf8").split("\n").slice(0, -1);
  await using producer = spawn("producer.ts", url, notes);
  await until(() => noted().length >= 200, { what: "200 jobs" });
  await producer.kill();
  const told = noted();
  await using queue = await openQueue(url);
  const there = new Set((await queue.peek(100_000)).map(({ id }) => id));
  expect(told.filter((id) => !there.has(id))).toEqual([]);
  // Those under way may be there too: four at a time.
  expect(there.size - told.length).toBeLessThanOrEqual(4);
});

test("sqlite: a job pushed by one process wakes a taker that waits in another", async () => {
  await using folder = await tempFolder();
  const url = `sqlite:${folder.file("jobs.db")}`;
  await using queue = await openQueue(url);
  const taking = queue.take({ waitMs: 15_000 });
  await using _ = spawn("producer.ts", url);
  expect((await taking).length).toBe(1);
});
