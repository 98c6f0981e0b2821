import { expect, test } from "bun:test";
import {
  minSize,
  queueLimit,
  RateLimiter,
  sampleToInsertRatio,
} from "../../../src/replay/limiter/rate-limiter.ts";
import { PushSampleLimiter } from "../../../src/replay/limiter/push-sample-limiter.ts";
import { ThroughputMonitor } from "../../../src/replay/throughput-monitor.ts";
import { Chance } from "../../support/chance.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("minSize() lets samples wait for so many items, and inserts never", () => {
  const limiter = new RateLimiter(minSize(3));
  limiter.insert(2);
  expect(limiter.canSample()).toBe(false);
  expect(limiter.canInsert(1_000_000)).toBe(true);
  limiter.insert();
  expect(limiter.canSample(1_000_000)).toBe(true);
  limiter.delete();
  expect(limiter.canSample()).toBe(false);
});

test("sampleToInsertRatio() is Reverb's range around samplesPerInsert · minSizeToSample", () => {
  const numbers = sampleToInsertRatio({ samplesPerInsert: 2, minSizeToSample: 10, errorBuffer: 4 });
  expect(numbers).toEqual({ samplesPerInsert: 2, minSizeToSample: 10, minDiff: 16, maxDiff: 24 });
  const limiter = new RateLimiter(numbers);
  expect(limiter.canInsert(12)).toBe(true); // 12 · 2 − 0 ≤ 24
  expect(limiter.canInsert(13)).toBe(false);
  expect(limiter.insertable(100)).toBe(12);
  limiter.insert(12);
  expect(limiter.canSample(8)).toBe(true); // 24 − 8 ≥ 16
  expect(limiter.canSample(9)).toBe(false);
});

test("queueLimit() holds inserts at its size and samples at nothing", () => {
  const limiter = new RateLimiter(queueLimit(2));
  limiter.insert(2);
  expect([limiter.canInsert(), limiter.canSample(2), limiter.canSample(3)]).toEqual([
    false,
    true,
    false,
  ]);
});

test.each([
  [{ samplesPerInsert: 1, minSizeToSample: 10, errorBuffer: 0.9 }, /errorBuffer/],
  [{ samplesPerInsert: 4, minSizeToSample: 10, errorBuffer: 3.9 }, /errorBuffer/],
  [{ samplesPerInsert: 1, minSizeToSample: 10, errorBuffer: [0, 9] as const }, /maxDiff.*below/],
  [{ samplesPerInsert: 1, minSizeToSample: 10, errorBuffer: [11, 20] as const }, /minDiff.*above/],
  [{ samplesPerInsert: 0, minSizeToSample: 10, errorBuffer: 5 }, /samplesPerInsert/],
  [{ samplesPerInsert: NaN, minSizeToSample: 10, errorBuffer: 5 }, /samplesPerInsert/],
  [{ samplesPerInsert: 1, minSizeToSample: 0, errorBuffer: 5 }, /minSizeToSample/],
])("sampleToInsertRatio(%p) is refused: it would block for ever", (options, message) => {
  expect(() => sampleToInsertRatio(options)).toThrow(message);
});

test("RateLimiter refuses numbers that it could not be built from by the named forms", () => {
  const base = { samplesPerInsert: 1, minSizeToSample: 1 };
  expect(() => new RateLimiter({ ...base, minDiff: NaN, maxDiff: 5 })).toThrow(/minDiff/);
  expect(() => new RateLimiter({ ...base, minDiff: 1, maxDiff: 1 })).toThrow(/block all/);
  expect(() => queueLimit(0) && new RateLimiter(queueLimit(0))).toThrow(/maxDiff/);
});

test("insertable() is the most that canInsert() allows, and never both block", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const chance = new Chance(seed);
    const samplesPerInsert = chance.integer(1, 40) / chance.integer(1, 8);
    const minSizeToSample = chance.integer(1, 20);
    const errorBuffer = Math.max(1, samplesPerInsert) * (1 + chance.next() * 3);
    const limiter = new RateLimiter(
      sampleToInsertRatio({ samplesPerInsert, minSizeToSample, errorBuffer }),
    );
    for (let step = 0; step < 200; step++) {
      const most = limiter.insertable(50);
      if (most > 0) expect(limiter.canInsert(most)).toBe(true);
      if (most < 50) expect(limiter.canInsert(most + 1)).toBe(false);
      expect(most > 0 || limiter.canSample()).toBe(true);
      if (most > 0 && chance.next() < 0.5) limiter.insert(chance.integer(1, most));
      else if (limiter.canSample()) limiter.sample();
      else limiter.insert(1);
    }
    const copy = new RateLimiter(limiter.options);
    copy.loadStateDict(limiter.stateDict());
    expect(copy.diff).toBe(limiter.diff);
  }
});

test("PushSampleLimiter refuses beyond its ratios, and forgets all but a hundredth in a window", () => {
  const clock = new FakeClock();
  const limiter = new PushSampleLimiter(clock, { maxRatio: 2, minRatio: 0.5, windowSeconds: 30 });
  expect(limiter.canPush(1_000)).toBe(true); // nothing sampled yet
  limiter.push(100);
  expect([limiter.canSample(200), limiter.canSample(201)]).toEqual([true, false]);
  limiter.sample(100);
  expect([limiter.canPush(100), limiter.canPush(101)]).toEqual([true, false]);
  clock.advance(30_000);
  const { pushed, sampled } = limiter.stateDict();
  expect(pushed).toBeCloseTo(1, 9);
  expect(sampled).toBeCloseTo(1, 9);
});

test("ThroughputMonitor tells the last whole period", () => {
  const clock = new FakeClock();
  const monitor = new ThroughputMonitor(clock, 10_000);
  monitor.push(50);
  monitor.sample({ use: 1, priority: 2, staleness: 3 });
  monitor.sample({ use: 3, priority: 4, staleness: 5 });
  expect(monitor.last.pushedPerSecond).toBe(0);
  clock.advance(10_000);
  expect(monitor.last).toMatchObject({
    pushedPerSecond: 5,
    sampledPerSecond: 0.2,
    use: { count: 2, min: 1, mean: 2, max: 3 },
    staleness: { min: 3, mean: 4, max: 5 },
  });
  clock.advance(20_000);
  expect(monitor.last.pushedPerSecond).toBe(0);
});
