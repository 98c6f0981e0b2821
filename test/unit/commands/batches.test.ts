import { expect, test } from "bun:test";
import { thrownBy } from "../../support/thrown-by.ts";
import { batchesOf } from "../../../commands/_batches.ts";

/** A source that gives these, and then stands still until it is let go on. */
async function* slow(first: number[], goOn: Promise<void>, rest: number[]): AsyncGenerator<number> {
  yield* first;
  await goOn;
  yield* rest;
}

const NEVER = new AbortController().signal;

test("batchesOf() makes full batches, and hands on what there is when its source stands still", async () => {
  const still = Promise.withResolvers<void>();
  const source = slow([1, 2, 3], still.promise, [4, 5, 6]);
  const seen: number[][] = [];
  for await (const batch of batchesOf(source, { most: 2, waitMs: 5, signal: NEVER })) {
    seen.push(batch);
    if (batch.includes(3)) still.resolve();
  }
  expect(seen.slice(0, 2)).toEqual([[1, 2], [3]]);
  expect(seen.flat()).toEqual([1, 2, 3, 4, 5, 6]);
});

test("batchesOf() ends with what came until its signal aborts, also while nothing comes", async () => {
  const abort = new AbortController();
  const still = Promise.withResolvers<void>();
  async function* source(): AsyncGenerator<number> {
    yield* [1, 2, 3];
    still.resolve();
    await new Promise(() => {});
  }
  const batches = batchesOf(source(), { most: 2, waitMs: 60_000, signal: abort.signal });
  expect(await batches.next()).toMatchObject({ value: [1, 2] });
  const last = batches.next();
  await still.promise;
  abort.abort();
  expect(await last).toMatchObject({ value: [3], done: false });
  expect(await batches.next()).toMatchObject({ done: true });
});

test("batchesOf() throws what its source throws", async () => {
  async function* broken(): AsyncGenerator<number> {
    yield 1;
    throw new Error("no more");
  }
  const all = Array.fromAsync(batchesOf(broken(), { most: 5, waitMs: 60_000, signal: NEVER }));
  expect(await thrownBy(all)).toMatchObject({ message: "no more" });
});
