import { expect, test } from "bun:test";
import { Replay } from "../../../src/replay/replay.ts";
import type { ReplayOptions } from "../../../src/replay/replay-options.ts";
import type { ReplayPart } from "../../../src/replay/replay-snapshot.ts";
import { Chance } from "../../support/chance.ts";

const OPTIONS: ReplayOptions = {
  schema: { value: "float64" },
  tables: [
    { name: "p", maxSize: 20, sampler: "prioritized", remover: "min-heap", maxStaleness: 30 },
    { name: "q", maxSize: 15, sampler: "fifo", maxUse: 2 },
  ],
};

/** Items of one step and of two, with holes between them. */
async function played(): Promise<Replay> {
  const replay = new Replay(OPTIONS);
  for (let value = 0; value < 30; value++) {
    const policyVersion = value;
    await replay.insert({ value: [value] }, { policyVersion, priority: value + 1 });
  }
  await replay.insertEpisode(
    { value: [100, 101, 102] },
    { unrollLen: 2, stride: 1, policyVersion: 30 },
  );
  replay.trySample("q", 5);
  replay.delete("p", replay.trySample("p", 3)?.keys ?? []);
  return replay;
}

function without(parts: readonly ReplayPart[], table: string | null, path: string): ReplayPart[] {
  return parts.filter(
    (part) => !(part.part === "list" && part.table === table && part.path === path),
  );
}

const LISTS = [
  ...["sampler.slots", "sampler.values", "remover.slots", "remover.ages", "items.free"].map(
    (path) => ["p", path] as const,
  ),
  ["p", "byVersion.slots"],
  ["q", "sampler.slots"],
  [null, "free"],
] as const;

test.each(LISTS)(
  "loadStateDict() makes list %p %p anew of the items where it is missing",
  async (table, path) => {
    const replay = await played();
    const parts = without(replay.stateDict(), table, path);
    expect(parts.length).toBeLessThan(replay.stateDict().length);
    const restored = new Replay(OPTIONS);
    expect(restored.loadStateDict(parts).lost).toBe(0);
    for (const name of replay.tables) expect(restored.stats(name)).toEqual(replay.stats(name));
    expect(restored.steps).toBe(replay.steps);
    for (const one of [replay, restored]) {
      // The same one has the least priority, another one is the oldest, and all are there.
      await one.insert({ value: [-1, -2, -3, -4] }, { policyVersion: 30, priority: 50 });
      expect(one.stats("p")).toMatchObject({ size: 20 });
    }
    const valuesOf = (one: Replay): unknown => one.trySample("q", 8)?.columns["value"];
    expect(valuesOf(restored)).toEqual(valuesOf(replay));
    restored.trySample("p", 1, { policyVersion: 60 });
    expect(restored.stats("p").size).toBeLessThan(20);
    expect(restored.stats("p").expired).toBeGreaterThan(0);
  },
);

test("loadStateDict() loses items of several steps where it is not known what follows what, and counts them", async () => {
  const replay = await played();
  const restored = new Replay(OPTIONS);
  const { items, lost } = restored.loadStateDict(without(replay.stateDict(), null, "next"));
  const longer = 4; // two windows in each table
  expect([items, lost]).toEqual([replay.stats("p").size + replay.stats("q").size - longer, longer]);
  const stats = restored.stats("q");
  expect(stats.inserted).toBe(stats.size + stats.evicted + stats.exhausted + stats.lost);
  const all = restored.trySample("q", 15)?.columns["value"] as Float64Array;
  expect(all.every((value) => value < 100)).toBe(true);
});

test("loadStateDict() counts items as lost that neither lists nor pieces tell of", async () => {
  const replay = await played();
  const parts = without(replay.stateDict(), "q", "sampler.slots");
  const restored = new Replay(OPTIONS);
  const kept = parts.filter((part) => !(part.part === "items" && part.table === "q"));
  const { lost } = restored.loadStateDict(kept);
  expect(lost).toBe(replay.stats("q").size);
  expect(restored.stats("q")).toMatchObject({ size: 0, lost });
  await restored.insert({ value: [1] }, { policyVersion: 30 });
  expect(restored.stats("q").size).toBe(1);
});

/** All lists of numbers in it. */
function listsIn(value: unknown): Float64Array[] {
  if (ArrayBuffer.isView(value)) return [value as Float64Array];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(listsIn);
}

test("loadStateDict() of a state in which some number is another one loses what cannot be, and goes on", async () => {
  for (let seed = 1; seed <= 80; seed++) {
    const chance = new Chance(seed);
    const parts = structuredClone((await played()).stateDict());
    const list = chance.pick(listsIn(parts).filter(({ length }) => length > 0));
    list[chance.integer(0, list.length - 1)] = chance.pick([-5, -1, 0, 1, 5, 19, 1e9, 2 ** 31 - 1]);
    const replay = new Replay(OPTIONS);
    replay.loadStateDict(parts);
    for (let value = 0; value < 40; value++) {
      await replay.insert({ value: [value] }, { policyVersion: 31, priority: value });
      replay.trySample("p", 3);
      replay.trySample("q", 1);
    }
    for (const name of replay.tables) {
      const { size, maxSize, inserted, evicted, exhausted, expired, lost, deleted } =
        replay.stats(name);
      expect(size).toBeLessThanOrEqual(maxSize);
      expect(inserted).toBe(size + evicted + exhausted + expired + lost + deleted);
    }
  }
});

test("loadStateDict() takes parts that come twice once", async () => {
  const replay = await played();
  const parts = replay.stateDict();
  const restored = new Replay(OPTIONS);
  expect(restored.loadStateDict([...parts, ...parts.slice(1)]).lost).toBe(0);
  for (const name of replay.tables) expect(restored.stats(name)).toEqual(replay.stats(name));
  expect(restored.steps).toBe(replay.steps);
});
