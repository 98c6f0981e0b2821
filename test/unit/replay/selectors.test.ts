import { describe, expect, test } from "bun:test";
import { Random } from "../../../src/replay/random.ts";
import { SumTree } from "../../../src/replay/selector/sum-tree.ts";
import { makeSelector } from "../../../src/replay/selector/make-selector.ts";
import type { Selector, SelectorKind } from "../../../src/replay/selector/selector.ts";
import { Chance } from "../../support/chance.ts";
import { chiSquareBound } from "./chi-square.ts";

const KINDS: SelectorKind[] = ["fifo", "lifo", "uniform", "prioritized", "max-heap", "min-heap"];
const ALPHA = 0.6;

function make(kind: SelectorKind, capacity: number, seed = 1): Selector {
  return makeSelector(kind, { path: "sampler", capacity, random: new Random(seed), alpha: ALPHA });
}

/** What each kind may give, from nothing but the list of slots by age. */
function allowed(kind: SelectorKind, model: Map<number, number>): number[] {
  const slots = [...model.keys()];
  const priorities = [...model.values()];
  const top = kind === "max-heap" ? Math.max(...priorities) : Math.min(...priorities);
  if (kind === "fifo") return slots.slice(0, 1);
  if (kind === "lifo") return slots.slice(-1);
  if (kind === "uniform") return slots;
  if (kind === "prioritized") {
    const positive = slots.filter((slot) => model.get(slot) !== 0);
    return positive.length === 0 ? slots : positive;
  }
  return slots.filter((slot) => model.get(slot) === top).slice(0, 1);
}

describe.each(KINDS)("%s", (kind) => {
  test("sample() gives what the naive model allows, through inserts, updates, deletes and restores", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const chance = new Chance(seed);
      const capacity = chance.integer(1, 40);
      let selector = make(kind, capacity, seed);
      const model = new Map<number, number>();
      for (let step = 0; step < 400; step++) {
        const slot = chance.integer(0, capacity - 1);
        const priority = chance.integer(0, 5);
        if (!model.has(slot)) {
          selector.insert(slot, priority);
          model.set(slot, priority);
        } else if (chance.next() < 0.5) {
          selector.update(slot, priority);
          model.set(slot, priority);
        } else {
          selector.delete(slot);
          model.delete(slot);
        }
        if (chance.next() < 0.05) {
          const other = make(kind, capacity, seed + 100);
          other.loadStateDict(selector.stateDict());
          expect(other.stateDict()).toEqual(selector.stateDict());
          selector = other;
        }
        expect(selector.size).toBe(model.size);
        if (model.size > 0) expect(allowed(kind, model)).toContain(selector.sample());
      }
    }
  });

  test("probability() sums up to 1", () => {
    const selector = make(kind, 8);
    for (let slot = 0; slot < 6; slot++) selector.insert(slot, slot);
    const sum = [0, 1, 2, 3, 4, 5].reduce((total, slot) => total + selector.probability(slot), 0);
    expect(sum).toBeCloseTo(1, 12);
  });
});

test("sample() of uniform is uniform (chi-square)", () => {
  const selector = make("uniform", 64, 7);
  for (let slot = 0; slot < 64; slot++) selector.insert(slot, 1);
  const counts = Array.from({ length: 64 }, () => 0);
  for (let draw = 0; draw < 64_000; draw++) counts[selector.sample()]!++;
  const chi = counts.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  expect(chi).toBeLessThan(chiSquareBound(63));
});

test("sample() of prioritized follows priority ** alpha (chi-square)", () => {
  const selector = make("prioritized", 50, 11);
  for (let slot = 0; slot < 50; slot++) selector.insert(slot, slot + 1);
  const total = Array.from({ length: 50 }, (_, slot) => (slot + 1) ** ALPHA).reduce(
    (a, b) => a + b,
  );
  const counts = Array.from({ length: 50 }, () => 0);
  const draws = 100_000;
  for (let draw = 0; draw < draws; draw++) counts[selector.sample()]!++;
  const chi = counts.reduce((sum, count, slot) => {
    const expected = (draws * (slot + 1) ** ALPHA) / total;
    expect(selector.probability(slot)).toBeCloseTo((slot + 1) ** ALPHA / total, 10);
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  expect(chi).toBeLessThan(chiSquareBound(49));
});

test("sample() of prioritized with strata draws once from each part of the total", () => {
  const selector = make("prioritized", 64, 3);
  for (let slot = 0; slot < 64; slot++) selector.insert(slot, 1);
  const drawn = Array.from({ length: 64 }, (_, at) => selector.sample(at, 64));
  expect(drawn).toEqual(Array.from({ length: 64 }, (_, at) => at));
});

test("makeSelector() refuses a kind that there is not, and an alpha below 0", () => {
  const context = { path: "tables[0].sampler", capacity: 4, random: new Random(1) };
  expect(() => makeSelector("best" as SelectorKind, context)).toThrow(
    /tables\[0\].sampler.*"best"/,
  );
  expect(() => makeSelector("prioritized", { ...context, alpha: -1 })).toThrow(/sampler\.alpha/);
});

test("Random gives the same again after loadStateDict()", () => {
  const random = new Random(42);
  random.next();
  const state = random.stateDict();
  const numbers = Array.from({ length: 10 }, () => random.below(1000));
  const other = new Random();
  other.loadStateDict(state);
  expect(Array.from({ length: 10 }, () => other.below(1000))).toEqual(numbers);
});

test("SumTree.findAll() finds what find() finds, and setAll() sums as set() does", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const chance = new Chance(seed);
    const capacity = chance.integer(1, 300);
    const [one, all] = [new SumTree(capacity), new SumTree(capacity)];
    for (let round = 0; round < 5; round++) {
      const indices = Int32Array.from({ length: chance.integer(1, capacity) }, () =>
        chance.integer(0, capacity - 1),
      );
      const weights = Float64Array.from([...new Set(indices)], () => chance.integer(0, 3) / 7);
      const distinct = Int32Array.from(new Set(indices));
      all.setAll(distinct, weights);
      for (const [at, index] of distinct.entries()) one.set(index, weights[at] ?? 0);
      expect(all.total).toBe(one.total);
      const masses = Float64Array.from({ length: 64 }, (_, at) => (at / 63) * one.total);
      const found = new Int32Array(64);
      all.findAll(masses, found);
      expect([...found]).toEqual([...masses].map((mass) => one.find(mass)));
    }
  }
});

test("replaceAll() is as deleting and inserting for every kind", () => {
  for (const kind of KINDS) {
    const [one, all] = [make(kind, 8), make(kind, 8)];
    for (const selector of [one, all]) {
      selector.insertAll(Int32Array.of(0, 1, 2, 3), Float64Array.of(3, 1, 4, 1));
    }
    const [slots, priorities] = [Int32Array.of(2, 0), Float64Array.of(5, 9)];
    all.replaceAll(slots, priorities);
    for (const [at, slot] of slots.entries()) {
      one.delete(slot);
      one.insert(slot, priorities[at] ?? 0);
    }
    expect(all.size).toBe(4);
    for (let slot = 0; slot < 4; slot++) {
      expect(all.probability(slot)).toBeCloseTo(one.probability(slot), 12);
    }
  }
});
