import { describe, expect, test } from "bun:test";
import { Chance } from "../../support/chance.ts";
import { closedLoop, Scene, type Seen } from "./batching/simulation.ts";

/** Callers that each wait for their answer and ask again at once, on two workers, in a time of their own. */
const HOST_MS = 0.02;
/** Both ways, and what the host does. */
const ROUND_TRIP_MS = 0.18;
const WORKERS = 2;

const MODELS = {
  "5 ms a batch": { batchMs: () => 5, forMs: 2_000, least: 0.85 },
  "0.05 ms a batch": { batchMs: () => 0.05, forMs: 300, least: 0.75 },
  "2 ms a batch and 1 ms an item": { batchMs: (n: number) => 2 + n, forMs: 3_000, least: 0.85 },
};

function play(options: { clients: number; model: keyof typeof MODELS; batch: number }): Seen {
  const { batchMs, forMs } = MODELS[options.model];
  const chance = new Chance(options.clients);
  const scene = new Scene({
    maxBatchRows: options.batch,
    workers: WORKERS,
    batchMs,
    chance,
    hostMs: HOST_MS,
  });
  return closedLoop(scene, { clients: options.clients, forMs });
}

/** What could be had, with batches of the best size: no more than callers ask, workers do, and the host hands on. */
function possible(options: { clients: number; model: keyof typeof MODELS; batch: number }): number {
  const { clients, batch } = options;
  let best = 0;
  for (let n = 1; n <= Math.min(clients, batch); n++) {
    const ms = MODELS[options.model].batchMs(n);
    // The host takes each request, hears of each batch, and hands on each answer.
    const host = 1 / (HOST_MS * (2 + 1 / n));
    const rate = Math.min(clients / (ms + ROUND_TRIP_MS), (WORKERS * n) / ms, host);
    best = Math.max(best, rate);
  }
  return 1_000 * best;
}

for (const model of Object.keys(MODELS) as (keyof typeof MODELS)[]) {
  describe(`a model of ${model}`, () => {
    for (const batch of [1, 16]) {
      for (const clients of [1, 2, 3, 8, 32]) {
        test(`Batcher serves ${clients} clients in batches of up to ${batch} at the rate that arithmetic allows`, () => {
          const options = { clients, model, batch };
          const { perSecond } = play(options);
          expect(perSecond / possible(options)).toBeGreaterThan(MODELS[model].least);
        });
      }
    }
  });
}

test("Batcher lets a lone client wait for nobody, whatever the window", () => {
  for (const timeoutMs of [0, 5, 1_000]) {
    const chance = new Chance(1);
    const scene = new Scene({ maxBatchRows: 16, workers: 2, batchMs: () => 5, chance, timeoutMs });
    const { p50, p99 } = closedLoop(scene, { clients: 1, forMs: 2_000 });
    expect(p50).toBeLessThan(5.4);
    expect(p99).toBeLessThan(6);
  }
});

test("Batcher keeps 32 clients on 2 workers in full batches, and nobody waits long", () => {
  const { meanRows, p50, p99 } = play({ clients: 32, model: "5 ms a batch", batch: 16 });
  expect(meanRows).toBeGreaterThan(15);
  expect(p50).toBeLessThan(6.5);
  expect(p99).toBeLessThan(3 * 5);
});

test("Batcher without batches gives 32 clients their fair share", () => {
  const { p99 } = play({ clients: 32, model: "5 ms a batch", batch: 1 });
  const fairMs = (32 * 5) / WORKERS;
  expect(p99).toBeLessThan(1.3 * fairMs);
});

test("Batcher gathers all clients of one worker in one batch", () => {
  const chance = new Chance(4);
  const scene = new Scene({ maxBatchRows: 16, workers: 1, batchMs: () => 5, chance });
  const { meanRows, perSecond } = closedLoop(scene, { clients: 12, forMs: 2_000 });
  expect(meanRows).toBeGreaterThan(11);
  expect(perSecond).toBeGreaterThan((0.85 * 12_000) / 5.2);
});

test("Batcher shares a few items among the workers when each item costs much", () => {
  const { meanRows } = play({ clients: 8, model: "2 ms a batch and 1 ms an item", batch: 16 });
  expect(meanRows).toBeLessThan(4.5);
  expect(meanRows).toBeGreaterThan(3.5);
});

test("Batcher with a window of 0 never waits", () => {
  const scene = new Scene({
    maxBatchRows: 16,
    workers: 2,
    batchMs: () => 5,
    chance: new Chance(2),
    timeoutMs: 0,
  });
  closedLoop(scene, { clients: 8, forMs: 1_000 });
  expect(scene.waits).toBe(0);
});

test("Batcher forgets the many when one client is left", () => {
  const chance = new Chance(3);
  const scene = new Scene({ maxBatchRows: 16, workers: 2, batchMs: () => 5, chance });
  const lone: { atMs: number; ms: number }[] = [];
  const loop = (client: string, untilMs: number) => {
    const ask = () =>
      scene.ask({
        client,
        onAnswer(answer) {
          if (client === "lone") lone.push(answer);
          if (scene.now < untilMs) ask();
        },
      });
    ask();
  };
  for (let index = 0; index < 31; index++) loop(`client-${index}`, 1_000);
  loop("lone", 2_000);
  scene.play(2_100);
  const alone = lone.filter(({ atMs }) => atMs > 1_050).map(({ ms }) => ms);
  expect(alone.length).toBeGreaterThan(150);
  expect(Math.max(...alone)).toBeLessThan(6.5);
});

test("Batcher learns that callers are far away, and does not wait for them in vain", () => {
  const scene = (timeoutMs: number) =>
    new Scene({
      maxBatchRows: 16,
      workers: 2,
      batchMs: () => 5,
      chance: new Chance(6),
      timeoutMs,
      wireMs: 8,
    });
  const [waiting, never] = [scene(20), scene(0)].map((each) =>
    closedLoop(each, { clients: 8, forMs: 4_000 }),
  );
  expect(waiting?.perSecond).toBeGreaterThan(0.95 * (never?.perSecond ?? Infinity));
});
