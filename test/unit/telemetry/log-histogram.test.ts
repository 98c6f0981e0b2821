import { expect, test } from "bun:test";
import { LogHistogram } from "../../../src/telemetry/log-histogram.ts";
import { Chance } from "../../support/chance.ts";

const ERROR = 1 / 64;

function of(...values: number[]): LogHistogram {
  const histogram = new LogHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

test("quantile() of nothing is NaN; count, sum, mean and max are 0", () => {
  const histogram = new LogHistogram();
  expect(histogram.quantile(0.5)).toBeNaN();
  const { count, sum, mean, max } = histogram;
  expect({ count, sum, mean, max }).toEqual({ count: 0, sum: 0, mean: 0, max: 0 });
});

test("record() knows any value to within 1.6 %", () => {
  for (let value = 0.002; value < 2 ** 29; value *= 1.37) {
    // A second, greater one: the greatest is known exactly.
    const known = of(value, value * 3).quantile(0.5);
    expect(Math.abs(known - value) / value).toBeLessThanOrEqual(ERROR);
  }
});

test("record() takes what is outside at the nearest end, and no number as 0", () => {
  expect(of(0).quantile(1)).toBe(0);
  expect(of(-5).quantile(1)).toBe(0);
  expect(of(Number.NaN).quantile(1)).toBe(0);
  expect(of(1e-9).quantile(1)).toBeLessThan(0.001);
  expect(of(1e12, 1).max).toBe(1e12);
  expect(of(1e12).quantile(1)).toBeGreaterThan(2 ** 29);
  expect(of(Infinity).quantile(0.5)).toBeGreaterThan(2 ** 29);
});

test("quantiles() finds ranks as a sorted list has them", () => {
  const chance = new Chance(7);
  const values = Array.from({ length: 5_000 }, () => Math.exp(chance.next() * 8));
  const sorted = values.toSorted((a, b) => a - b);
  const histogram = of(...values);
  const parts = [0, 0.5, 0.9, 0.99, 0.999, 1];
  for (const [index, found] of histogram.quantiles(parts).entries()) {
    const rank = Math.max(1, Math.ceil((parts[index] as number) * values.length));
    const exact = sorted[rank - 1] as number;
    expect(Math.abs(found - exact) / exact).toBeLessThanOrEqual(ERROR);
  }
  expect(histogram.quantile(1)).toBe(histogram.max);
});

test("add() gives what one histogram of all would", () => {
  const [low, high, both] = [of(1, 2, 3), of(50, 60), of(1, 2, 3, 50, 60)];
  low.add(high);
  low.add(new LogHistogram());
  expect(low.quantiles([0.2, 0.5, 0.9])).toEqual(both.quantiles([0.2, 0.5, 0.9]));
  expect([low.count, low.sum, low.max]).toEqual([5, 116, 60]);
});

test("reset() leaves nothing", () => {
  const histogram = of(1, 2, 3);
  histogram.reset();
  expect([histogram.count, histogram.sum, histogram.max]).toEqual([0, 0, 0]);
  histogram.record(4);
  expect(histogram.quantile(0.5)).toBe(4);
});

test("octaves() counts between powers of two, from the least to the greatest", () => {
  expect(of(0.5, 1, 1.5, 9).octaves()).toEqual([
    { from: 0.5, to: 1, count: 1 },
    { from: 1, to: 2, count: 2 },
    { from: 2, to: 4, count: 0 },
    { from: 4, to: 8, count: 0 },
    { from: 8, to: 16, count: 1 },
  ]);
  expect(new LogHistogram().octaves()).toEqual([]);
});
