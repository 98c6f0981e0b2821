import { expect, test } from "bun:test";
import { encodeMsgpack } from "./encode-msgpack.ts";
import { Replay } from "../../../src/replay/replay.ts";
import type { ReplayOptions } from "../../../src/replay/replay-options.ts";
import type { ReplayPart } from "../../../src/replay/replay-snapshot.ts";
import { queueLimit } from "../../../src/replay/limiter/rate-limiter.ts";
import { Chance } from "../../support/chance.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const SCHEMA = { value: "float64", frame: { dtype: "uint8", shape: [7] } } as const;
const OPTIONS: ReplayOptions = {
  schema: SCHEMA,
  seed: 3,
  tables: [
    { name: "p", maxSize: 200, sampler: "prioritized", maxStaleness: 30 },
    { name: "u", maxSize: 150, sampler: "uniform", remover: "lifo", maxUse: 5 },
    { name: "h", maxSize: 90, sampler: "max-heap", remover: "min-heap" },
  ],
};

function steps(from: number, count: number): { value: Float64Array; frame: Uint8Array } {
  const value = Float64Array.from({ length: count }, (_, at) => from + at);
  return {
    value,
    frame: Uint8Array.from({ length: 7 * count }, (_, at) => (from + Math.floor(at / 7)) % 256),
  };
}

async function play(replay: Replay, chance: Chance, count: number): Promise<string> {
  let seen = "";
  for (let step = 0; step < count; step++) {
    const policyVersion = Math.floor(step / 10);
    const table = chance.pick(["p", "u", "h"]);
    if (chance.next() < 0.4) {
      const options = { priority: chance.integer(0, 9), policyVersion, tables: [table, "p"] };
      if (chance.next() < 0.5) await replay.insert(steps(step, chance.integer(1, 20)), options);
      else await replay.insertEpisode(steps(step, 9), { ...options, unrollLen: 4, stride: 2 });
      continue;
    }
    const batch = replay.trySample(table, 2);
    seen += `${batch?.columns["value"]?.join()};`;
    if (batch) replay.updatePriorities(table, batch.keys, [chance.integer(0, 9), 1]);
  }
  return seen;
}

test("loadStateDict() goes on exactly as the one that was saved, and saves the same bytes", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const replay = new Replay(OPTIONS);
    await play(replay, new Chance(seed), 300);
    const restored = new Replay({ ...OPTIONS, seed: 99 });
    const saved = encodeMsgpack.copy(replay.stateDict());
    expect(restored.loadStateDict(saved).lost).toBe(0);
    expect(encodeMsgpack(restored.stateDict())).toEqual(encodeMsgpack(replay.stateDict()));
    expect(restored.stats("u")).toEqual(replay.stats("u"));
    const [one, other] = [new Chance(7), new Chance(7)];
    expect(await play(restored, one, 200)).toBe(await play(replay, other, 200));
  }
});

test("snapshot() shows the moment it was taken, whatever is written while it is read", async () => {
  const options = {
    ...OPTIONS,
    tables: [{ name: "a", maxSize: 100_000, sampler: "fifo" as const, maxUse: 1 }],
  };
  const replay = new Replay(options);
  await replay.insert(steps(0, 100_000));
  using snapshot = replay.snapshot();
  const parts = [];
  let from = 100_000;
  for (const part of snapshot) {
    parts.push(encodeMsgpack.copy(part));
    await replay.insert(steps((from += 60_000), 60_000));
  }
  expect(parts.length).toBeGreaterThan(3);
  const restored = new Replay(options);
  expect(restored.loadStateDict(parts)).toEqual({ items: 100_000, lost: 0 });
  const values = restored.trySample("a", 100_000)!.columns["value"] as Float64Array;
  expect(values.every((value, at) => value === at)).toBe(true);
});

test("snapshot() shows the items of its moment, whatever is sampled, updated and taken out while it is read", async () => {
  const table = { name: "a", maxSize: 100_000, sampler: "prioritized" as const };
  const replay = new Replay({ tables: [table] });
  await replay.insert(
    Array.from({ length: 100_000 }, (_, at) => at),
    { priority: 2 },
  );
  const before = encodeMsgpack(replay.stateDict());
  using snapshot = replay.snapshot();
  const parts = [];
  for (const part of snapshot) {
    parts.push(part);
    const { keys } = replay.trySample("a", 300)!;
    replay.updatePriorities("a", keys, new Float64Array(300).fill(9));
    replay.delete("a", keys.subarray(0, 100));
    await replay.insert([-1, -2, -3]);
  }
  expect(encodeMsgpack(parts)).toEqual(before);
  expect(parts.filter(({ part }) => part === "items").length).toBeGreaterThan(1);
});

test("snapshot() that is left half-way lets go, and what it gave so far was right", async () => {
  const replay = new Replay({ tables: [{ name: "a", maxSize: 10 }] });
  await replay.insert([1, 2, 3]);
  const snapshot = replay.snapshot();
  const [head] = snapshot;
  expect(head?.part).toBe("head");
  expect([...snapshot]).toEqual([]);
});

test("loadParts() takes parts that come over time; items of a part that is missing are lost, and counted", async () => {
  const tables = [{ name: "a", maxSize: 100_000, sampler: "prioritized" as const }];
  const replay = new Replay({ tables });
  await replay.insert(Array.from({ length: 100_000 }, (_, at) => at));
  const parts = replay.stateDict();
  const items = parts.filter(({ part }) => part === "items");
  const restored = new Replay({ tables });
  const answer = restored.loadParts(
    (async function* () {
      for (const part of parts) if (part !== items[1]) yield await Promise.resolve(part);
    })(),
  );
  expect(await answer).toEqual({ items: 65_536, lost: 34_464 });
  expect(restored.stats("a")).toMatchObject({ size: 65_536, lost: 34_464, inserted: 100_000 });
  expect(restored.steps).toBe(65_536);
  const values = restored.trySample("a", 256)?.columns["item"] as number[];
  expect(values.every((value) => value < 65_536)).toBe(true);
  await restored.insert(Array.from({ length: 50_000 }, (_, at) => at));
  expect(restored.stats("a")).toMatchObject({ size: 100_000, evicted: 15_536 });
});

test("loadStateDict() drops items whose rows are missing, and counts them", async () => {
  const options = {
    tables: [
      { name: "a", maxSize: 100_000 },
      { name: "b", maxSize: 10 },
    ],
  };
  const replay = new Replay(options);
  await replay.insert(Array.from({ length: 100_000 }, (_, at) => at));
  const parts = replay.stateDict();
  const rows = parts.filter((part) => part.part === "rows");
  expect(rows.length).toBe(2);
  const restored = new Replay(options);
  const kept = parts.filter((part) => part !== rows[1]);
  expect(restored.loadStateDict(kept)).toEqual({ items: 65_536, lost: 34_464 + 10 });
  expect(restored.stats("a")).toMatchObject({ size: 65_536, lost: 34_464, inserted: 100_000 });
  expect(restored.steps).toBe(65_536);
});

test("loadStateDict() refuses what belongs to another replay", async () => {
  const parts = new Replay(OPTIONS).stateDict();
  const other = {
    ...OPTIONS,
    tables: (OPTIONS.tables ?? []).map((table) => ({ ...table, maxSize: 20 })),
  };
  expect(() => new Replay(other).loadStateDict(parts)).toThrow(/another size/);
  expect(() => new Replay({ tables: OPTIONS.tables }).loadStateDict(parts)).toThrow(/columns/);
  expect(() => new Replay(OPTIONS).loadStateDict(parts.slice(1))).toThrow(/head/);
});

test("loadStateDict() that fails half-way closes the replay, before that it changes nothing; inserts that wait refuse it", async () => {
  const tables = [{ name: "a", maxSize: 4, mode: "block" as const, limiter: queueLimit(2) }];
  const saved = new Replay({ tables });
  await saved.insert([1, 2]);
  const parts = saved.stateDict();
  const replay = new Replay({ tables });
  await replay.insert([7, 8]);
  expect(() => replay.loadStateDict([null as unknown as ReplayPart])).toThrow(/no object/);
  expect(() => replay.loadStateDict(parts.slice(1))).toThrow(/head/);
  const late = replay.insertEpisode([3, 4, 5], { unrollLen: 2, stride: 1 });
  expect(() => replay.loadStateDict(parts)).toThrow(/inserts wait/);
  expect((await replay.sample("a", 2))?.size).toBe(2);
  await late;
  expect(() => replay.loadStateDict(parts.filter(({ part }) => part !== "table"))).toThrow(
    /"a" is missing/,
  );
  expect(await thrownBy(replay.sample("a", 1))).toMatchObject({ code: "service.stopping" });
  const broken = new Replay({ tables });
  const cut = async function* (): AsyncGenerator<ReplayPart> {
    yield* await Promise.resolve(parts.slice(0, 2));
    throw new Error("the file ends");
  };
  expect(await thrownBy(broken.loadParts(cut()))).toMatchObject({ message: "the file ends" });
  expect(await thrownBy(broken.insert([1]))).toMatchObject({ code: "service.stopping" });
});
