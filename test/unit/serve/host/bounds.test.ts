import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { Bounds } from "../../../../src/serve/host/bounds.ts";
import { Job } from "../../../../src/serve/host/job.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

function jobOf(rest: { signal?: AbortSignal; timeoutMs?: number }): Job {
  const values = [Uint8Array.of(0xc0)];
  const job = new Job(
    { payload: { kind: "values", form: "msgpack", values }, client: "a", ...rest },
    0,
  );
  job.inference.catch(() => {});
  return job;
}

/** Bounds that end jobs, and what they said. */
function boundsOn(clock: FakeClock): { bounds: Bounds; left: string[] } {
  const left: string[] = [];
  const bounds = new Bounds(clock, (job, error) => {
    if (job.fail(error)) left.push(error.code);
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
