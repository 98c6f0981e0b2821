import { expect, test } from "bun:test";
import { TimeWindow } from "../../../src/telemetry/time-window.ts";
import { FakeClock } from "../../support/fake-clock.ts";

function makeWindow(): { clock: FakeClock; window: TimeWindow } {
  const clock = new FakeClock(5_000);
  return { clock, window: new TimeWindow({ windowMs: 10_000, clock }) };
}

test("summary() is 0 in all without values", () => {
  const { window } = makeWindow();
  expect(window.summary()).toEqual({
    count: 0,
    ratePerSecond: 0,
    mean: 0,
    min: 0,
    max: 0,
    p50: 0,
    p90: 0,
    p99: 0,
  });
});

test("summary() tells mean, extremes and percentiles, these to about 5 %", () => {
  const { clock, window } = makeWindow();
  for (let value = 1; value <= 1_000; value++) window.add(value);
  clock.advance(2_000);
  const { count, mean, min, max, ratePerSecond, ...percentiles } = window.summary();
  expect({ count, mean, min, max, ratePerSecond }).toEqual({
    count: 1_000,
    mean: 500.5,
    min: 1,
    max: 1_000,
    ratePerSecond: 500,
  });
  for (const [name, exact] of Object.entries({ p50: 500, p90: 900, p99: 990 })) {
    const value = percentiles[name as keyof typeof percentiles];
    expect(Math.abs(value - exact) / exact).toBeLessThan(0.05);
  }
});

test("summary() forgets what lies behind the window", () => {
  const { clock, window } = makeWindow();
  window.add(100);
  clock.advance(5_000);
  window.add(10);
  expect(window.summary()).toMatchObject({ count: 2, mean: 55, max: 100 });
  clock.advance(5_000);
  expect(window.summary()).toMatchObject({ count: 1, mean: 10, max: 10, min: 10 });
  clock.advance(5_000);
  expect(window.summary().count).toBe(0);
});

test("summary() does not take an old value for a new one after a long pause", () => {
  const { clock, window } = makeWindow();
  window.add(7);
  clock.advance(1_000_000);
  expect(window.summary().count).toBe(0);
  window.add(1);
  expect(window.summary()).toMatchObject({ count: 1, mean: 1 });
});

test("summary() tells a steady rate as it is, at any moment", () => {
  const { clock, window } = makeWindow();
  for (let tick = 1; tick <= 400; tick++) {
    clock.advance(100);
    window.add(1);
    if (tick > 20) expect(Math.abs(window.summary().ratePerSecond - 10)).toBeLessThan(0.6);
  }
});

test("add() takes values of any size", () => {
  const { window } = makeWindow();
  for (const value of [0, 1e-9, 1e15]) window.add(value);
  expect(window.summary()).toMatchObject({ count: 3, min: 0, max: 1e15 });
});
