import { Batcher, type BatchEntry, type Piece } from "../../../../src/serve/batcher.ts";

export type Entry = BatchEntry<string>;

/** A batcher that never waits, with room for all. */
export function eager(maxBatchRows: number) {
  return new Batcher<string>({ maxBatchRows, timeoutMs: 0, maxQueuedRows: 1e6 });
}

export function entryOf(value: string, more: Partial<Entry> = {}): Entry {
  return { rows: 1, client: "one", priority: 0, deadline: Infinity, value, ...more };
}

/** The next batch for one free worker, which must be there. */
export function batchOf(
  batcher: Batcher<string>,
  { now = 0, free = 1, workers = 1 } = {},
): readonly Piece<string>[] {
  const turn = batcher.next(now, { free, workers });
  if (!turn || "waitMs" in turn) throw new Error(`No batch: ${JSON.stringify(turn)}`);
  return turn.batch;
}

/** As it reads best: "a b[2..4]" is all of a and the items 2 to 4 of b. */
export function told(pieces: readonly Piece<string>[]): string {
  return pieces
    .map(({ entry, from, rows }) =>
      rows === entry.rows ? entry.value : `${entry.value}[${from}..${from + rows - 1}]`,
    )
    .join(" ");
}

/** Every batch until nothing waits, one after the other on one worker. */
export function allBatches(batcher: Batcher<string>): string[] {
  const batches: string[] = [];
  while (batcher.queuedRows > 0) {
    const batch = batchOf(batcher);
    batches.push(told(batch));
    batcher.onBatchEnd(batch, { now: 0, ms: undefined });
  }
  return batches;
}
