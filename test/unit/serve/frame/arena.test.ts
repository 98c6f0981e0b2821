import { expect, test } from "bun:test";
import { Arena } from "../../../../src/serve/arena.ts";
import { Chance } from "../../../support/chance.ts";

const MIB = 1024 * 1024;

test("take() gives places that do not meet, and give() makes them free again", () => {
  const chance = new Chance(11);
  const arena = new Arena(4096, MIB, () => true);
  const taken = new Map<number, number>();
  for (let round = 0; round < 3_000; round++) {
    if (chance.next() < 0.55) {
      const bytes = chance.integer(1, 60_000);
      const at = arena.take(bytes);
      if (at === undefined) continue;
      expect(at % 64).toBe(0);
      expect(at >= 4096 && at + bytes <= 4096 + MIB).toBe(true);
      for (const [other, length] of taken)
        expect(at >= other + length || at + bytes <= other).toBe(true);
      taken.set(at, bytes);
    } else if (taken.size > 0) {
      const at = chance.pick([...taken.keys()]);
      taken.delete(at);
      arena.give(at);
      arena.give(at);
    }
  }
  for (const at of taken.keys()) arena.give(at);
  expect(arena.isEmpty).toBe(true);
  expect(arena.take(MIB)).toBe(4096);
  expect(arena.take(1)).toBeUndefined();
});

test("take() asks for memory in steps, once, and gives nothing where there is none", () => {
  const asked: [number, number][] = [];
  const arena = new Arena(0, 8 * MIB, (from, to) => {
    asked.push([from, to]);
    return to <= 3 * MIB;
  });
  expect(arena.take(100)).toBe(0);
  expect(arena.take(100)).toBe(128);
  expect(arena.take(MIB)).toBe(256);
  expect(asked).toEqual([
    [0, MIB],
    [MIB, 2 * MIB],
  ]);
  expect(arena.take(4 * MIB)).toBeUndefined();
  expect(arena.take(100)).toBe(MIB + 256);
  expect(new Arena(0, 0, () => true).take(1)).toBeUndefined();
});
