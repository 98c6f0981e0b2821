import { expect, test } from "bun:test";
import type { Clock } from "../../../src/core/clock.ts";
import { fairTimer } from "../../../src/pool/fair-timer.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { TestPool } from "./test-pool.ts";

test("fairTimer() runs once after its time, and not when it was disposed", async () => {
  const clock = new FakeClock();
  const ran: string[] = [];
  fairTimer(clock, 100, () => ran.push("kept"));
  const timer = fairTimer(clock, 100, () => ran.push("disposed"));
  await clock.play(99);
  expect(ran).toEqual([]);
  clock.advance(1);
  timer[Symbol.dispose]();
  await clock.play(1_000);
  expect([ran, clock.pending]).toEqual([["kept"], 0]);
});

/** A process whose timers are late because it does something else all the time. */
function heldUp(clock: FakeClock, lateMs: number): Clock {
  return {
    now: () => clock.now(),
    after: (ms, run) => clock.after(ms + lateMs, run),
  };
}

test("fairTimer() gives a process that was held up time to read, but not for ever", async () => {
  const clock = new FakeClock();
  let hasRun = false;
  fairTimer(heldUp(clock, 8_000), 3_000, () => (hasRun = true));
  await clock.play(11_000 + 4 * 8_250 - 1);
  expect(hasRun).toBe(false);
  await clock.play(1);
  expect(hasRun).toBe(true);
});

test("an answer that arrives in the turn in which its time is up counts, and its worker lives", async () => {
  const all = await new TestPool({ size: 1 }).start();
  const cancelled = all.run();
  await all.settle();
  cancelled.cancel();
  await all.settle();
  all.clock.advance(100);
  all.workers[0]?.call("task")?.fail({ code: "task.cancelled", message: "It was" });
  await all.settle();
  const late = all.run({ timeoutMs: 50 });
  await all.settle();
  all.clock.advance(50);
  all.workers[0]?.calls.at(-1)?.reply();
  await all.settle();
  await all.clock.play(1_000);
  expect([late.ends, all.alive(), all.pool.crashes]).toEqual([["reply"], ["w0"], 0]);
  await all.pool[Symbol.asyncDispose]();
});
