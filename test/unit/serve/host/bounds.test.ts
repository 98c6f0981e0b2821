import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { Bounds } from "../../../../src/serve/host/bounds.ts";
import { Job } from "../../../../src/serve/host/job.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function jobOf(rest: { signal?: AbortSignal; timeoutMs?: number }, arrivedMs = 0): Job {
  const values = [Uint8Array.of(0xc0)];
  const job = new Job(
    { payload: { kind: "values", form: "msgpack", values }, client: "a", ...rest },
    arrivedMs,
  );
  return job;
}

/** Bounds that end jobs, and what they said. */
function boundsOn(clock: FakeClock): { bounds: Bounds; left: string[] } {
  const left: string[] = [];
  const bounds = new Bounds(clock, (job, error) => {
    if (!job.fail(error)) return;
    left.push(error.code);
    job.tell();
  });
  return { bounds, left };
}

test("add() has a job leave when its time is up, once", async () => {
  const clock = new FakeClock();
  const { bounds, left } = boundsOn(clock);
  bounds.add(jobOf({ timeoutMs: 50 }));
  await clock.play(49);
  expect(left).toEqual([]);
  await clock.play(1_000);
  expect(left).toEqual(["task.timed-out"]);
  expect(clock.pending).toBe(0);
});

test("add() has a job leave when nobody wants it any more, be it that it was so from the start", async () => {
  const clock = new FakeClock();
  const { bounds, left } = boundsOn(clock);
  const leaving = new AbortController();
  bounds.add(jobOf({ signal: leaving.signal }));
  bounds.add(jobOf({ signal: AbortSignal.abort() }));
  await clock.play(1_000);
  expect(left).toEqual(["task.cancelled"]);
  leaving.abort();
  expect(left).toEqual(["task.cancelled", "task.cancelled"]);
});

test("clear() leaves no timer behind, and those who come later are followed", async () => {
  const clock = new FakeClock();
  const { bounds, left } = boundsOn(clock);
  const first = jobOf({});
  bounds.add(first);
  first.fail(new DingError("model.not-ready", "Cannot infer: no worker is left"));
  bounds.clear();
  expect(clock.pending).toBe(0);
  bounds.add(jobOf({ signal: AbortSignal.abort() }));
  await clock.play(1_000);
  expect(left).toEqual(["task.cancelled"]);
});

test("add() asks for no signal and sets no timer of its own for a job that is answered soon", async () => {
  const clock = new FakeClock();
  const { bounds, left } = boundsOn(clock);
  let asked = 0;
  for (let at = 0; at < 10; at++) {
    const job = jobOf({ timeoutMs: 1_000 }, clock.now());
    Object.defineProperty(job.request, "signal", { get: () => void (asked += 1) });
    bounds.add(job);
    await clock.play(5);
    job.fail(new DingError("task.failed", "It is over"));
    job.tell();
  }
  const ended = jobOf({ timeoutMs: 50 }, clock.now());
  bounds.add(ended);
  ended.fail(new DingError("task.failed", "It is over"));
  expect(clock.pending).toBe(1);
  await clock.play(1_000);
  expect(asked).toBe(0);
  expect(left).toEqual([]);
  expect(clock.pending).toBe(0);
});

test("add() looks at all that came meanwhile with one timer, in steps of 20 ms", async () => {
  const clock = new FakeClock();
  const { bounds } = boundsOn(clock);
  const looked: number[] = [];
  for (let at = 0; at < 40; at++) {
    const job = jobOf({}, clock.now());
    Object.defineProperty(job.request, "signal", { get: () => void looked.push(clock.now()) });
    bounds.add(job);
    await clock.play(1);
  }
  await clock.play(100);
  expect(looked).toHaveLength(40);
  expect(new Set(looked).size).toBeLessThanOrEqual(4);
});
