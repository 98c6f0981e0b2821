import { expect, test } from "bun:test";
import { chanceOf } from "../../../src/load/chance.ts";
import { Schedule } from "../../../src/load/schedule.ts";

function gaps(distribution: "poisson" | "constant", count: number, seed = 1): number[] {
  const schedule = new Schedule(0, 100, { distribution, chance: chanceOf(seed) });
  const times = [0, ...Array.from({ length: count }, () => schedule.take())];
  return times.slice(1).map((time, at) => time - (times[at] ?? 0));
}

test("take() of a constant schedule gives times that are evenly apart", () => {
  for (const gap of gaps("constant", 100)) expect(gap).toBeCloseTo(10, 6);
});

test("take() of a Poisson schedule gives gaps of the right mean that are as spread as their mean", () => {
  const all = gaps("poisson", 50_000);
  const mean = all.reduce((sum, gap) => sum + gap, 0) / all.length;
  const deviation = Math.sqrt(all.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / all.length);
  expect(mean).toBeCloseTo(10, 0);
  expect(deviation / mean).toBeCloseTo(1, 1);
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
});

test("chanceOf() repeats itself for the same seed only", () => {
  expect(gaps("poisson", 10, 7)).toEqual(gaps("poisson", 10, 7));
  expect(gaps("poisson", 10, 7)).not.toEqual(gaps("poisson", 10, 8));
});

test("nextMs is what take() gives next", () => {
  const schedule = new Schedule(50, 10, { distribution: "constant", chance: () => 0 });
  expect(schedule.nextMs).toBe(150);
  expect(schedule.take()).toBe(150);
  expect(schedule.nextMs).toBe(250);
});

test("chanceOf() is mulberry32: its numbers are those that others have for the same seed", () => {
  const chance = chanceOf(1);
  expect([chance(), chance(), chance()]).toEqual([
    0.6270739405881613, 0.002735721180215478, 0.5274470399599522,
  ]);
});
