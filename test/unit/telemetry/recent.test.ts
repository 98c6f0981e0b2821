import { expect, test } from "bun:test";
import { Recent } from "../../../src/telemetry/recent.ts";

test("summary() of nothing is all zeros", () => {
  const zeros = { count: 0, avg: 0, min: 0, max: 0, std: 0, med: 0, last: 0 };
  expect(new Recent().summary()).toEqual(zeros);
});

test("summary() tells mean, ends, spread, middle and last", () => {
  const recent = new Recent();
  for (const value of [4, 1, 3, 2]) recent.record(value);
  const summary = recent.summary();
  expect(summary).toMatchObject({ count: 4, avg: 2.5, min: 1, max: 4, med: 2.5, last: 2 });
  expect(summary.std).toBeCloseTo(Math.sqrt(1.25), 12);
  recent.record(9);
  expect(recent.summary()).toMatchObject({ count: 5, med: 3, last: 9 });
});

test("summary() is of the last values only; total of all", () => {
  const recent = new Recent(3);
  for (const value of [100, 1, 2, 3]) recent.record(value);
  expect(recent.summary()).toMatchObject({ count: 3, avg: 2, max: 3, last: 3 });
  expect(recent.total).toBe(4);
});

test("summary() of exactly as many as are kept has the right last one", () => {
  const recent = new Recent(3);
  for (const value of [1, 2, 3]) recent.record(value);
  expect(recent.summary().last).toBe(3);
});
