import { expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { OwnProcess } from "../../support/own-process.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";
import { BROKERS } from "./brokers.ts";

const FIXTURES = join(import.meta.dir, "fixtures");
const UNITS = 2;

interface Note {
  text: string;
  attempt: number;
}

function notesIn(file: string): Note[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Note);
}

for (const { name, test, server: startServer } of BROKERS) {
  test(`${name}: worker processes that are killed lose no job, and run at most their own twice`, async () => {
    await using server = await startServer();
    await using folder = await tempFolder();
    const file = folder.file("notes.jsonl");
    await using queue = await openQueue(server.url);
    const texts = Array.from({ length: 2_000 }, (_, index) => `${index}`);
    await queue.pushMany(texts.map((text) => ({ value: Buffer.from(text) })));
    await using stack = new AsyncDisposableStack();
    const startWorker = (): OwnProcess => {
      const script = join(FIXTURES, "worker.ts");
      const worker = stack.use(new OwnProcess([process.execPath, script, server.url, file]));
      worker.start();
      return worker;
    };
    const victims = [startWorker(), startWorker()];
    for (const [index, victim] of victims.entries()) {
      const enough = (index + 1) * 200;
      await until(() => notesIn(file).length >= enough, {
        what: () => `${enough} jobs: ${victim.output}`,
      });
      await victim.kill();
      startWorker();
    }
    const isEmpty = async (): Promise<boolean> => (await queue.stats()).length === 0;
    await until(isEmpty, { timeoutMs: 45_000, everyMs: 50, what: "an empty queue" });
    const done = notesIn(file);
    expect([...new Set(done.map(({ text }) => text))].toSorted()).toEqual(texts.toSorted());
    expect(done.length - texts.length).toBeLessThanOrEqual(victims.length * 2 * UNITS);
    expect(await queue.stats()).toMatchObject({ dead: 0 });
  });

  test(`${name}: a job pushed by one process wakes a taker that waits in another`, async () => {
    await using server = await startServer();
    await using queue = await openQueue(server.url);
    const taking = queue.take({ waitMs: 15_000 });
    await using producer = new OwnProcess([
      process.execPath,
      join(FIXTURES, "producer.ts"),
      server.url,
    ]);
    producer.start();
    expect((await taking).length).toBe(1);
  });
}
