import { expect, test } from "bun:test";
import type { Ended, Failure } from "../../../src/load/lane.ts";
import { resultOf } from "../../../src/load/level-result.ts";
import { Tally } from "../../../src/load/tally.ts";

function ended(countsFromMs: number, status = 200, failure?: Failure): Ended {
  return { countsFromMs, status, failure, refusal: status >= 400 ? "why" : "" };
}

function result(tally: Tally): ReturnType<typeof resultOf> {
  const around = {
    durationMs: 1_000,
    rows: 4,
    generatorCpu: 0,
    before: undefined,
    after: undefined,
  };
  return resultOf({ mode: "concurrency", value: 1 }, tally, around);
}

test("add() counts times of requests that began in the measure, rates of answers that came in it", () => {
  const tally = new Tally(1_000, 2_000, 5);
  tally.add(ended(990), 1_010); // began before
  tally.add(ended(1_100), 1_120);
  tally.add(ended(1_990), 2_090); // came after
  const { requests, requestsPerSecond, rowsPerSecond, latencyMs } = result(tally);
  expect(requests).toBe(2);
  expect(requestsPerSecond).toBe(2);
  expect(rowsPerSecond).toBe(8);
  expect(latencyMs.min).toBe(20);
  expect(latencyMs.max).toBe(100);
});

test("add() takes the time of what had to wait in vain, not of what was refused", () => {
  const tally = new Tally(0, 1_000, 5);
  tally.add(ended(10), 20);
  tally.add(ended(10, 503), 12);
  tally.add(ended(10, 0, "refused"), 11);
  tally.add(ended(10, 0, "timeout"), 510);
  tally.add(ended(20, 0, "unanswered"), 620);
  const { failed, failures, statuses, refusals, latencyMs } = result(tally);
  expect(failed).toBe(4);
  expect(statuses).toEqual({ 200: 1, 503: 1 });
  expect(failures).toEqual({ refused: 1, timeout: 1, unanswered: 1 });
  expect(refusals).toEqual({ 503: "why" });
  expect(latencyMs.max).toBe(600);
  expect(tally.latency.count).toBe(3);
});

test("resultOf() tells a steady measure from one that is not", () => {
  const steady = new Tally(0, 1_000, 5);
  for (let ms = 0; ms < 1_000; ms += 10) steady.add(ended(ms), ms + 5);
  expect(result(steady).isStable).toBe(true);
  expect(result(steady).spread).toBeLessThan(0.1);

  const slowing = new Tally(0, 1_000, 5);
  for (let ms = 0; ms < 1_000; ms += ms / 5 + 1) slowing.add(ended(ms), ms + 5);
  expect(result(slowing).isStable).toBe(false);

  const silent = result(new Tally(0, 1_000, 5));
  expect(silent.isStable).toBe(false);
  expect(silent.spread).toBeUndefined();
  expect(silent.latencyMs.p99).toBe(0);
});

test("resultOf() sees the windows one by one", () => {
  const tally = new Tally(0, 1_000, 5);
  for (const ms of [0, 100, 300, 999]) tally.add(ended(ms), ms);
  expect(result(tally).windows).toEqual([10, 5, 0, 0, 5]);
});

test("add() counts an answer as good below 400, and into a rate before the end of the measure", () => {
  const tally = new Tally(0, 1_000, 5);
  tally.add(ended(10, 399), 20);
  tally.add(ended(10, 400), 30);
  tally.add(ended(10), 1_000);
  const { failed, requests, statuses, refusals } = result(tally);
  expect({ requests, failed, answered: tally.answered }).toEqual({
    requests: 3,
    failed: 1,
    answered: 1,
  });
  expect(statuses).toEqual({ 200: 1, 399: 1, 400: 1 });
  expect(refusals).toEqual({ 400: "why" });
});
