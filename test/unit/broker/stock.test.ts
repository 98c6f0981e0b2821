import { expect, test } from "bun:test";
import type { Job } from "../../../src/broker/job.ts";
import { Stock } from "../../../src/broker/stock.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const LEASE_MS = 5_000;

function jobs(count: number): Job[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${index}`,
    receipt: `${index}`,
    value: new Uint8Array(),
    priority: 0,
    attempt: 1,
    pushedAtMs: 0,
    reasons: [],
  }));
}

test("moreThan() grows while what was fetched is gone at once, and is bounded by what was asked for", () => {
  const stock = new Stock({ clock: new FakeClock(), giveBack: () => {} });
  expect(stock.moreThan(2, LEASE_MS)).toBe(0);
  stock.fill([], { isAll: true, leaseMs: LEASE_MS });
  expect(stock.moreThan(2, LEASE_MS)).toBe(4);
  stock.fill(jobs(4), { isAll: true, leaseMs: LEASE_MS });
  expect(stock.take(4, LEASE_MS).length).toBe(4);
  expect(stock.moreThan(2, LEASE_MS)).toBe(8);
  stock.fill(jobs(8), { isAll: true, leaseMs: LEASE_MS });
  stock.take(8, LEASE_MS);
  expect(stock.moreThan(2, LEASE_MS)).toBe(14);
  expect(stock.moreThan(2, 200)).toBe(0);
  stock.fill([], { isAll: false, leaseMs: LEASE_MS });
  expect(stock.moreThan(2, LEASE_MS)).toBe(0);
});

test("runsLow() has more fetched before the last are gone, and what is left goes first", () => {
  const stock = new Stock({ clock: new FakeClock(), giveBack: () => {} });
  stock.fill([], { isAll: true, leaseMs: LEASE_MS });
  expect(stock.moreThan(2, LEASE_MS)).toBe(4);
  stock.fill(jobs(6), { isAll: true, leaseMs: LEASE_MS });
  stock.take(1, LEASE_MS);
  expect(stock.runsLow(LEASE_MS)).toBe(0);
  expect(stock.take(1, LEASE_MS).map(({ id }) => id)).toEqual(["1"]);
  expect(stock.runsLow(LEASE_MS + 1)).toBe(0);
  expect(stock.runsLow(LEASE_MS)).toBe(8);
  stock.fill(jobs(8), { isAll: true, leaseMs: LEASE_MS });
  const ids = stock.take(20, LEASE_MS).map(({ id }) => id);
  expect(ids).toEqual(["2", "3", "4", "5", "0", "1", "2", "3", "4", "5", "6", "7"]);
  // The queue is nearly empty: nothing is fetched ahead.
  stock.fill(jobs(4), { isAll: false, leaseMs: LEASE_MS });
  expect(stock.runsLow(LEASE_MS)).toBe(0);
});

test("what nobody comes for goes back, and nothing is fetched ahead after that", () => {
  const clock = new FakeClock();
  const back: string[] = [];
  const stock = new Stock({ clock, giveBack: ({ id }) => void back.push(id) });
  stock.fill(jobs(3), { isAll: true, leaseMs: LEASE_MS });
  expect(stock.take(1, LEASE_MS).map(({ id }) => id)).toEqual(["0"]);
  expect(stock.take(1, LEASE_MS + 1)).toEqual([]);
  clock.advance(1_000);
  expect(back).toEqual(["1", "2"]);
  expect(stock.take(1, LEASE_MS)).toEqual([]);
  expect(stock.moreThan(8, LEASE_MS)).toBe(0);
});
