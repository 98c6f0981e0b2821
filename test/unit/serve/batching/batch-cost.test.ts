import { expect, test } from "bun:test";
import { BatchCost } from "../../../../src/serve/batching/batch-cost.ts";
import { Chance } from "../../../support/chance.ts";

test("BatchCost learns what is fixed and what each item adds", () => {
  const cost = new BatchCost();
  expect(cost.isKnown).toBe(false);
  expect(cost.of(5)).toBe(0);
  const chance = new Chance(1);
  for (let index = 0; index < 50; index++) {
    const rows = chance.integer(1, 16);
    cost.learn(rows, (2 + rows) * (0.95 + 0.1 * chance.next()));
  }
  expect(cost.isKnown).toBe(true);
  expect(cost.perRowMs).toBeCloseTo(1, 0);
  expect(cost.of(1)).toBeGreaterThan(2.3);
  expect(cost.of(1)).toBeLessThan(3.7);
  expect(cost.of(16)).toBeGreaterThan(16.5);
  expect(cost.of(16)).toBeLessThan(19.5);
});

test("BatchCost takes all for fixed while only one size was seen", () => {
  const cost = new BatchCost();
  for (let index = 0; index < 20; index++) cost.learn(8, 5);
  expect(cost.of(1)).toBe(5);
  expect(cost.of(16)).toBe(5);
});

test("BatchCost is not misled by a first batch that warms up, nor by one that was held up", () => {
  const cost = new BatchCost();
  cost.learn(4, 900);
  for (let index = 0; index < 4; index++) cost.learn(4, 5);
  expect(cost.of(4)).toBe(5);
  cost.learn(4, 4_000);
  expect(cost.of(4)).toBe(5);
});

test("BatchCost follows a model that has become slower", () => {
  const cost = new BatchCost();
  for (let index = 0; index < 100; index++) cost.learn(4, 5);
  for (let index = 0; index < 6; index++) cost.learn(4, 50);
  expect(cost.of(4)).toBe(50);
});

test("BatchCost remembers the slope through a long time of one size", () => {
  const cost = new BatchCost();
  for (let rows = 1; rows <= 16; rows++) cost.learn(rows, 2 + rows);
  for (let index = 0; index < 10_000; index++) cost.learn(16, 18);
  expect(cost.of(16)).toBeCloseTo(18, 1);
  expect(cost.of(2)).toBeLessThan(6);
});

test("BatchCost is never negative, whatever it is told", () => {
  const chance = new Chance(2);
  for (let round = 0; round < 200; round++) {
    const cost = new BatchCost();
    for (let index = 0; index < 10; index++) {
      cost.learn(chance.integer(1, 300), chance.next() * chance.pick([0, 1, 1_000]));
    }
    cost.learn(0, 5);
    cost.learn(5, Number.NaN);
    expect(cost.fixedMs).toBeGreaterThanOrEqual(0);
    expect(cost.perRowMs).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(cost.of(100))).toBe(true);
  }
});
