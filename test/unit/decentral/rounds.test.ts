import { expect, test } from "bun:test";
import { Rounds } from "../../../src/decentral/worker/rounds.ts";
import type { RoundsReport } from "../../../src/decentral/worker-protocol.ts";
import { FakeClock } from "../../support/fake-clock.ts";

test("Rounds tells what has happened now and then, and the rest when asked", () => {
  const clock = new FakeClock();
  const told: RoundsReport[] = [];
  const rounds = new Rounds((report) => void told.push(report), clock);
  rounds.done(5);
  rounds.failed(7, "bad", false);
  rounds.done(6);
  expect(told).toEqual([]);
  clock.advance(100);
  expect(told).toEqual([
    { done: 2, failed: 1, tookMs: [5, 7, 6], isIdle: false, isWaiting: false, error: "bad" },
  ]);
  rounds.idle();
  rounds.flush();
  expect(told[1]).toMatchObject({ done: 0, isIdle: true });
  rounds.flush();
  clock.advance(1_000);
  expect(told).toHaveLength(2);
});

test("Rounds keeps the times of the last rounds only, and counts all", () => {
  const clock = new FakeClock();
  const told: RoundsReport[] = [];
  const rounds = new Rounds((report) => void told.push(report), clock);
  for (let round = 0; round < 1_000; round++) rounds.done(round);
  clock.advance(100);
  expect(told[0]).toMatchObject({ done: 1_000 });
  expect(told[0]?.tookMs.length).toBe(256);
  expect(told[0]?.tookMs.at(-1)).toBe(999);
});

test("Rounds tells once of a round that takes long, and of none that looks for its server", () => {
  const clock = new FakeClock();
  const told: RoundsReport[] = [];
  const rounds = new Rounds((report) => void told.push(report), clock);
  rounds.begun();
  clock.advance(1_000);
  expect(told).toMatchObject([{ done: 0, isIdle: false, isWaiting: false }]);
  rounds.idle();
  clock.advance(60);
  rounds.begun();
  clock.advance(60);
  expect(told.slice(1)).toMatchObject([{ isIdle: true }]);
  clock.advance(1_000);
  expect(told.slice(2)).toMatchObject([{ done: 0, isIdle: false }]);
  rounds.failed(1, "away", true);
  rounds.begun();
  clock.advance(1_000);
  expect(told.slice(3)).toMatchObject([{ failed: 1, isWaiting: true }]);
});
