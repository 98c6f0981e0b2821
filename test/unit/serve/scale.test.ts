import { expect, test } from "bun:test";
import { sampleEveryMs, ScalePolicy, type ScaleOptions } from "../../../src/serve/scale.ts";
import { Chance } from "../../support/chance.ts";

const OPTIONS: ScaleOptions = {
  most: 2,
  busyThreshold: 0.95,
  expandMs: 10_000,
  squeezeMs: 20_000,
  startMs: 60_000,
};

/** Workers that come a second after they were asked for, under a load of so many workers' work. */
class Play {
  readonly policy: ScalePolicy;
  readonly steps: [number, number][] = [];
  now = 0;
  workers: number;
  #coming: number | undefined;

  constructor(options: Partial<ScaleOptions> = {}, workers = 2) {
    this.policy = new ScalePolicy({ ...OPTIONS, ...options });
    this.workers = workers;
  }

  /** Samples each second; returns what was decided, when. */
  run(seconds: number, load: (now: number) => number, isComing = true): [number, number][] {
    const from = this.steps.length;
    for (let end = this.now + seconds * 1_000; this.now < end; this.now += 1_000) {
      if (this.#coming === this.now) this.workers += 1;
      const work = load(this.now);
      const step = this.policy.next({
        now: this.now,
        busy: Math.min(work, this.workers),
        workers: this.workers,
        queued: work > this.workers ? 5 : 0,
      });
      if (step === 1 && isComing) this.#coming = this.now + 1_000;
      if (step === -1) this.workers -= 1;
      if (step !== 0) this.steps.push([this.now, step]);
    }
    return this.steps.slice(from);
  }
}

test("ScalePolicy adds a worker when all were busy for long enough, and the next only after as long again", () => {
  const play = new Play();
  expect(play.run(60, () => 100)).toEqual([
    [10_000, 1],
    [21_000, 1],
  ]);
  expect(play.policy.extra).toBe(2);
  expect(play.workers).toBe(4);
});

test("ScalePolicy adds none for a burst that is shorter, nor for load below the threshold", () => {
  const play = new Play();
  expect(play.run(4, () => 100)).toEqual([]);
  expect(play.run(60, () => 1.8)).toEqual([]);
});

test("ScalePolicy adds none when it may not", () => {
  expect(new Play({ most: 0 }).run(600, () => 100)).toEqual([]);
});

test("ScalePolicy lets the added go one by one when it is calm, never the others", () => {
  const play = new Play();
  play.run(60, () => 100);
  const steps = play.run(200, () => 0);
  expect(steps.map(([, step]) => step)).toEqual([-1, -1]);
  expect((steps[1]?.[0] ?? 0) - (steps[0]?.[0] ?? 0)).toBeGreaterThanOrEqual(20_000);
  expect(play.workers).toBe(2);
  expect(play.policy.extra).toBe(0);
});

test("ScalePolicy keeps a worker whose work the others could not do: it does not swing", () => {
  const play = new Play({ most: 1 });
  // Two are too few for this, three have air.
  const steps = play.run(600, () => 2.2);
  expect(steps).toEqual([[10_000, 1]]);
  expect(play.workers).toBe(3);
});

test("ScalePolicy looks at the mean: a short lull in a busy time is no calm", () => {
  const play = new Play({ most: 1 });
  play.run(30, () => 100);
  expect(play.run(300, (now) => (now % 10_000 === 0 ? 0 : 100))).toEqual([]);
});

test("ScalePolicy asks for no other while one is starting, but not for ever", () => {
  const play = new Play();
  expect(play.run(60, () => 100, false)).toEqual([[10_000, 1]]);
  const later = play.run(60, () => 100, false);
  expect(later).toHaveLength(1);
  expect(later[0]?.[0]).toBeGreaterThanOrEqual(70_000);
});

test("ScalePolicy counts whoever has work waiting as busy", () => {
  const policy = new ScalePolicy(OPTIONS);
  let step = 0;
  for (let now = 0; now <= 10_000; now += 1_000) {
    step = policy.next({ now, busy: 0, workers: 2, queued: 3 });
  }
  expect(step).toBe(1);
});

test("ScalePolicy does nothing while no worker is there", () => {
  const policy = new ScalePolicy(OPTIONS);
  for (let now = 0; now <= 100_000; now += 1_000) {
    expect(policy.next({ now, busy: 0, workers: 0, queued: 9 })).toBe(0);
  }
});

test("ScalePolicy decides at once when the times are 0", () => {
  const policy = new ScalePolicy({ ...OPTIONS, expandMs: 0, squeezeMs: 0 });
  expect(policy.next({ now: 0, busy: 2, workers: 2, queued: 0 })).toBe(1);
  expect(policy.next({ now: 1, busy: 0, workers: 3, queued: 0 })).toBe(-1);
});

test("failed() takes back a worker that does not come, and it may be asked for again", () => {
  const play = new Play();
  expect(play.run(15, () => 100, false)).toHaveLength(1);
  play.policy.failed();
  play.policy.failed();
  expect(play.policy.extra).toBe(0);
  expect(play.run(15, () => 100, false)).toHaveLength(1);
  expect(play.policy.extra).toBe(1);
});

test("reset() forgets what was added", () => {
  const play = new Play();
  play.run(60, () => 100);
  play.policy.reset();
  expect(play.policy.extra).toBe(0);
  play.workers = 2;
  expect(play.run(15, () => 100)).toHaveLength(1);
});

test("ScalePolicy never has more or fewer than it may, whatever the load", () => {
  const chance = new Chance(5);
  const play = new Play({ expandMs: 3_000, squeezeMs: 3_000 });
  for (let index = 0; index < 200; index++) {
    const load = chance.next() * 6;
    play.run(chance.integer(1, 10), () => load);
    expect(play.workers).toBeGreaterThanOrEqual(2);
    expect(play.workers).toBeLessThanOrEqual(4);
  }
});

test("sampleEveryMs() follows the shorter time, within reason", () => {
  expect(sampleEveryMs(OPTIONS)).toBe(500);
  expect(sampleEveryMs({ ...OPTIONS, expandMs: 300_000, squeezeMs: 600_000 })).toBe(1_000);
  expect(sampleEveryMs({ ...OPTIONS, expandMs: 0 })).toBe(50);
});

test("reset() forgets a worker that was asked for and has not come", () => {
  const play = new Play();
  expect(play.run(15, () => 100, false)).toHaveLength(1);
  play.policy.reset();
  expect(play.run(15, () => 100, false)).toHaveLength(1);
  expect(play.policy.extra).toBe(1);
});
