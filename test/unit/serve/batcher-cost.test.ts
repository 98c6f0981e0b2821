import { afterAll, beforeAll, expect, test } from "bun:test";
import { Batcher } from "../../../src/serve/batcher.ts";
import { Ticket } from "../../../src/serve/batching/ticket.ts";
import { entryOf, type Entry } from "./batching/entries.ts";

/** How often a request that waits was looked at: its work, whatever else the machine does. */
let looks = 0;
const LOOKED_AT = ["isGone", "entry", "freshRows"] as const;
const own = LOOKED_AT.map((name) => Object.getOwnPropertyDescriptor(Ticket.prototype, name) ?? {});

beforeAll(() => {
  for (const [index, name] of LOOKED_AT.entries()) {
    const before = own[index];
    Object.defineProperty(Ticket.prototype, name, {
      configurable: true,
      get() {
        looks++;
        return before?.get?.call(this) as unknown;
      },
    });
  }
});

afterAll(() => {
  for (const [index, name] of LOOKED_AT.entries()) {
    Object.defineProperty(Ticket.prototype, name, own[index] ?? {});
  }
});

/** A number that counts each time it is compared. */
function counted(value: number): number {
  const told = {
    valueOf() {
      looks++;
      return value;
    },
  };
  return told as unknown as number;
}

function roomy(): Batcher<string> {
  return new Batcher<string>({ maxBatchRows: 16, timeoutMs: 5, maxQueuedRows: 1e9 });
}

/** How many looks a request takes while so many others wait. */
function costAmong(outstanding: number): number {
  const batcher = roomy();
  let asked = 0;
  const add = (now: number) => {
    const client = `client-${asked++ % 100}`;
    batcher.add(entryOf("", { client, deadline: counted(now + 60_000) }), now);
  };
  for (let index = 0; index < outstanding; index++) add(0);
  [looks, asked] = [0, 0];
  for (let now = 1; now < 500; now++) {
    const turn = batcher.next(now, { free: 1, workers: 1 });
    if (!turn || "waitMs" in turn) throw new Error("It waits though the queue is full");
    batcher.onBatchEnd(turn.batch, { now, ms: 1 });
    for (const _ of turn.batch) add(now);
    if (batcher.nextDeadline < now) throw new Error("It forgot a deadline");
  }
  return looks / asked;
}

function costOfCancelling(count: number): number {
  const entries = Array.from({ length: count }, (_, index): Entry => {
    const client = `client-${index % 10}`;
    return entryOf("", { client, deadline: counted(1e6 + index) });
  });
  const batcher = roomy();
  for (const entry of entries) batcher.add(entry, 0);
  looks = 0;
  for (const entry of entries.toReversed()) batcher.remove(entry);
  expect([batcher.queuedRows, batcher.nextDeadline]).toEqual([0, Infinity]);
  return looks / count;
}

// What grows with the queue would be a hundred times as much; the heap of deadlines grows by its depth.
test("Batcher looks no more often at a request among 10,000 than among 100", () => {
  const few = costAmong(100);
  expect(few).toBeGreaterThan(1);
  expect(costAmong(10_000)).toBeLessThan(3 * few);
});

test("Batcher looks no more often at a cancelled one among 10,000 than among 100", () => {
  const few = costOfCancelling(100);
  expect(few).toBeGreaterThan(1);
  expect(costOfCancelling(10_000)).toBeLessThan(3 * few + 3);
});
