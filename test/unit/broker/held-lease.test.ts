import { expect, test } from "bun:test";
import { LeaseKeeper } from "../../../src/broker/held-lease.ts";
import { expiredError } from "../../../src/broker/queue-faults.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const LEASE = { id: "a", receipt: "1:1" };

function hold(extend: () => Promise<void>) {
  const clock = new FakeClock();
  const lost: string[] = [];
  const onLost = (_lease: unknown, { code }: { code: string }): void => void lost.push(code);
  const keeper = new LeaseKeeper({ leaseMs: 3_000, clock, extend, onLost });
  return { clock, lost, keeper, held: keeper.hold(LEASE) };
}

test("LeaseKeeper renews a lease three times in its length until it is let go", async () => {
  const times: number[] = [];
  const { clock, held, lost } = hold(async () => void times.push(clock.now()));
  await clock.play(5_000);
  expect(times).toEqual([1_000, 2_000, 3_000, 4_000, 5_000]);
  held[Symbol.dispose]();
  await clock.play(5_000);
  expect(times.length).toBe(5);
  expect(lost).toEqual([]);
  expect(clock.pending).toBe(0);
});

test("LeaseKeeper loses a lease when the queue says so", async () => {
  const { clock, held, lost } = hold(() => Promise.reject(expiredError("extend", LEASE)));
  const { signal } = held;
  await clock.play(1_000);
  expect(lost).toEqual(["lease.expired"]);
  expect(signal.aborted).toBe(true);
  expect(held.isLost).toBe(true);
  expect(clock.pending).toBe(0);
});

test("LeaseKeeper bears a queue that is away, for its length", async () => {
  const { clock, held, lost } = hold(() => Promise.reject(new Error("away")));
  await clock.play(2_999);
  expect(lost).toEqual([]);
  await clock.play(1);
  expect(lost).toEqual(["lease.expired"]);
  expect(held.signal.aborted).toBe(true);
});

test("LeaseKeeper renews each lease at its own time, with one timer, and none that was let go", async () => {
  const times: string[] = [];
  const clock = new FakeClock();
  const extend = async ({ id }: { id: string }) => void times.push(`${id} ${clock.now()}`);
  const keeper = new LeaseKeeper({ leaseMs: 3_000, clock, extend, onLost: () => {} });
  keeper.hold({ id: "a", receipt: "" });
  await clock.play(300);
  const gone = keeper.hold({ id: "b", receipt: "" });
  await clock.play(300);
  keeper.hold({ id: "c", receipt: "" });
  gone[Symbol.dispose]();
  expect(clock.pending).toBe(1);
  await clock.play(2_000);
  expect(times).toEqual(["a 1000", "c 1600", "a 2000", "c 2600"]);
  keeper[Symbol.dispose]();
  expect(clock.pending).toBe(0);
});
