import { expect, test } from "bun:test";
import { Heap } from "../../../src/broker/memory/heap.ts";
import { Chance } from "../../support/chance.ts";

interface Item {
  value: number;
  place: number;
}

test("Heap gives the least first, whatever was added and removed meanwhile", () => {
  const chance = new Chance(7);
  const heap = new Heap<Item>((one, other) => one.value < other.value);
  let items: Item[] = [];
  for (let step = 0; step < 2_000; step++) {
    const victim = items[Math.floor(chance.next() * items.length)];
    if (victim && chance.next() < 0.4) {
      heap.remove(victim);
      heap.remove(victim);
      items = items.filter((item) => item !== victim);
    } else {
      const item = { value: chance.integer(0, 99), place: -1 };
      heap.add(item);
      items.push(item);
    }
    expect(heap.size).toBe(items.length);
    expect(heap.least?.value).toBe(
      items.length ? Math.min(...items.map(({ value }) => value)) : undefined,
    );
  }
  const sorted = heap.sorted().map(({ value }) => value);
  expect(sorted).toEqual(items.map(({ value }) => value).toSorted((a, b) => a - b));
});
