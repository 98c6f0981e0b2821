import { expect, test } from "bun:test";
import type { Job } from "../../../src/broker/job.ts";
import { Takers, type Taker } from "../../../src/broker/takers.ts";

const jobs = Array.from({ length: 6 }, (_, at) => ({ id: `${at}` }) as Job);

function takerOf(max: number, leaseMs = 1): Taker & { got: string[]; errors: unknown[] } {
  const got: string[] = [];
  const errors: unknown[] = [];
  return {
    max,
    leaseMs,
    got,
    errors,
    give: (given) => got.push(...given.map(({ id }) => id)),
    fail: (error) => errors.push(error),
  };
}

test("deal() gives one to each, then to the first what it wants beside", () => {
  const takers = new Takers();
  const [one, other] = [takerOf(3), takerOf(3)];
  takers.add(one);
  takers.add(other);
  expect(takers.demands()).toEqual([{ leaseMs: 1, max: 6, comesAgain: false }]);
  expect(takers.deal(1, jobs.slice(0, 4))).toEqual([]);
  expect([one.got, other.got]).toEqual([["0", "1", "2"], ["3"]]);
  expect(takers.size).toBe(0);
});

test("deal() gives back what nobody wants any more, and gives none to those of another lease", () => {
  const takers = new Takers();
  const [one, other, gone] = [takerOf(1), takerOf(1, 2), takerOf(1)];
  for (const taker of [one, other, gone]) takers.add(taker);
  expect(takers.remove(gone)).toBe(true);
  expect(takers.deal(1, jobs.slice(0, 2)).map(({ id }) => id)).toEqual(["1"]);
  expect(other.got).toEqual([]);
  expect(takers.demands()).toEqual([{ leaseMs: 2, max: 1, comesAgain: false }]);
});

test("fail() ends everybody's wait", () => {
  const takers = new Takers();
  const one = takerOf(1);
  takers.add(one);
  takers.fail("broken");
  expect(one.errors).toEqual(["broken"]);
  expect(takers.size).toBe(0);
});
