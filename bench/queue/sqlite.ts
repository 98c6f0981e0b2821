import { rm, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openQueue } from "../../src/broker/open-queue.ts";
import { Processes } from "../support/processes.ts";
import { median } from "../support/rounds.ts";
import { valueRow, type Row } from "../support/row.ts";
import { bothRates, pushRate, ROUNDS } from "./flow.ts";

const TOTAL = 50_000;
const PROCESSES = 4;
/** Until then all processes stand at the start. */
const START_IN_MS = 3_000;

/** In a file, every commit on the disk. */
export async function* sqlite(): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), "ding-bench-"));
  try {
    await using queue = await openQueue(`sqlite:${join(folder, "one.db")}`);
    const { pushed, drained } = await bothRates(queue, TOTAL);
    yield valueRow({ id: "sqlite: pushed in batches of 500", unit: "/s", bound: 50_000 }, pushed);
    const id = "sqlite: taken and acknowledged by 8 units of a process";
    yield valueRow({ id, unit: "/s", bound: 50_000 }, drained);
    const rates: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rates.push(await drainedByProcesses(`sqlite:${join(folder, `four-${round}.db`)}`));
    }
    const head = { id: "sqlite: the same by 4 processes", unit: "/s", bound: 20_000 } as const;
    yield valueRow(head, median(rates));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function drainedByProcesses(url: string): Promise<number> {
  await using queue = await openQueue(url);
  await pushRate(queue, TOTAL);
  await using processes = new Processes();
  const startMs = Date.now() + START_IN_MS;
  const script = join(import.meta.dir, "drainer.ts");
  const starting = Array.from({ length: PROCESSES }, () =>
    processes.start(process.execPath, [script, url, `${startMs}`]),
  );
  const ends = (await Promise.all(starting)).map(({ line }) => Number(line));
  const { length } = await queue.stats();
  if (length !== 0) throw new Error(`${length} jobs are left`);
  return (TOTAL / (Math.max(...ends) - startMs)) * 1_000;
}
