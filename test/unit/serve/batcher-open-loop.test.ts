import { expect, test } from "bun:test";
import { Chance } from "../../support/chance.ts";
import { openLoop, Scene } from "./batching/simulation.ts";

/** Callers that come when they like, on two workers with a model of 5 ms a batch of up to 16. */
const scene = (timeoutMs: number, chance: Chance) =>
  new Scene({ maxBatchRows: 16, workers: 2, batchMs: () => 5, chance, timeoutMs });

function play(perSecond: number, timeoutMs: number) {
  const chance = new Chance(7);
  return openLoop(scene(timeoutMs, chance), { perSecond, forMs: 3_000, chance });
}

test("Batcher answers rare requests at once", () => {
  const { p50, p99 } = play(20, 5);
  expect(p50).toBeLessThan(5.5);
  expect(p99).toBeLessThan(6.5);
});

for (const perSecond of [100, 400, 1_000, 2_000, 4_000]) {
  test(`Batcher makes ${perSecond} random requests a second wait little longer than one that never waits`, () => {
    const [waiting, never] = [play(perSecond, 5), play(perSecond, 0)];
    expect(waiting.p50).toBeLessThan(1.1 * never.p50);
    expect(waiting.p99).toBeLessThan(1.25 * never.p99);
  });
}

test("Batcher keeps up with 90 % of what full batches can do", () => {
  const most = (2 * 16 * 1_000) / 5;
  const { perSecond, p99 } = play(0.9 * most, 5);
  expect(perSecond).toBeGreaterThan(0.85 * most);
  expect(p99).toBeLessThan(20);
});

test("Batcher works off a burst in full batches, the first at once", () => {
  const chance = new Chance(8);
  const burst = scene(5, chance);
  const answers: number[] = [];
  for (let index = 0; index < 320; index++) {
    burst.ask({ client: `client-${index}`, onAnswer: ({ ms }) => answers.push(ms) });
  }
  burst.play(500);
  expect(answers).toHaveLength(320);
  expect(burst.batches[0]?.atMs).toBeLessThan(0.2);
  // 20 full batches would do; the first two went with what was there.
  expect(burst.batches.length).toBeLessThanOrEqual(23);
  expect(Math.max(...answers)).toBeLessThan(12 * 5 + 15);
});

test("Batcher says more than is queued no, and when there will be room", () => {
  const chance = new Chance(9);
  const full = new Scene({
    maxBatchRows: 16,
    workers: 2,
    batchMs: () => 5,
    chance,
    maxQueuedRows: 100,
  });
  let answered = 0;
  for (let index = 0; index < 400; index++) {
    full.ask({ client: "one", onAnswer: () => (answered += 1) });
  }
  full.play(1_000);
  expect(full.refused).toBeGreaterThan(0);
  expect(answered + full.refused).toBe(400);
  expect(full.batcher.queuedRows).toBe(0);
});
