import { expect, test } from "bun:test";
import { Replay } from "../../../src/replay/replay.ts";
import { Chance } from "../../support/chance.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { chiSquareBound } from "./chi-square.ts";

const SCHEMA = { obs: { dtype: "float32", shape: [2] }, action: "int32" } as const;

function steps(from: number, count: number): { obs: Float32Array; action: Int32Array } {
  const obs = new Float32Array(count * 2);
  const action = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    obs.set([from + at, -(from + at)], at * 2);
    action[at] = from + at;
  }
  return { obs, action };
}

test("sample() gives columns as they were inserted, from columns and from step objects", async () => {
  const replay = new Replay({
    schema: SCHEMA,
    tables: [{ name: "a", maxSize: 8, sampler: "lifo", maxUse: 1 }],
  });
  expect(await replay.insert(steps(0, 3))).toEqual({ accepted: 3, dropped: 0 });
  await replay.insert([{ obs: [9, -9], action: 9 }]);
  const batch = await replay.sample("a", 4);
  expect([...(batch!.columns["action"] as Int32Array)]).toEqual([9, 2, 1, 0]);
  expect([...(batch!.columns["obs"] as Float32Array)]).toEqual([9, -9, 2, -2, 1, -1, 0, -0]);
  expect(batch?.stepOf(0)).toEqual({ obs: new Float32Array([9, -9]), action: 9 });
  expect(replay.steps).toBe(0);
});

test("insert() takes any values without a schema, and tells when the last table lets go of one", async () => {
  const released: unknown[] = [];
  const replay = new Replay({
    tables: [
      { name: "a", maxSize: 2, sampler: "fifo", maxUse: 1 },
      { name: "b", maxSize: 3, sampler: "fifo" },
    ],
    onRelease: (step) => released.push(step),
  });
  await replay.insert([{ id: 1 }, { id: 2 }]);
  expect((await replay.sample("a", 2))?.items()).toEqual([{ id: 1 }, { id: 2 }]);
  expect(released).toEqual([]);
  await replay.insert([{ id: 3 }, { id: 4 }], { tables: ["b"] });
  expect(released).toEqual([{ id: 1 }]);
  const two = await replay.sample("b", 1);
  expect(two?.items()).toEqual([{ id: 2 }]);
  expect(replay.delete("b", two?.keys ?? [])).toBe(1);
  expect(replay.delete("b", two?.keys ?? [])).toBe(0);
  expect(released).toEqual([{ id: 1 }, { id: 2 }]);
  expect(replay.steps).toBe(2);
});

test("maxUse is exact, also within one batch; all or nothing comes", async () => {
  const replay = new Replay({ schema: SCHEMA, tables: [{ name: "a", maxSize: 10, maxUse: 3 }] });
  await replay.insert(steps(0, 10));
  const counts = Array.from({ length: 10 }, () => 0);
  for (let round = 0; round < 3; round++) {
    const batch = replay.trySample("a", 9);
    for (const action of batch!.columns["action"] as Int32Array) counts[action]!++;
  }
  expect(replay.trySample("a", 4)).toBeUndefined();
  for (const action of replay.trySample("a", 3)!.columns["action"] as Int32Array) counts[action]!++;
  expect(counts).toEqual(Array.from({ length: 10 }, () => 3));
  expect(replay.stats("a")).toMatchObject({ size: 0, exhausted: 10, sampled: 30, inserted: 10 });
});

test("maxStaleness: nothing older is sampled, what is too old goes, and versions never go back", async () => {
  const table = { name: "a", maxSize: 100, maxStaleness: 2 };
  const replay = new Replay({ schema: SCHEMA, tables: [table] });
  for (const version of [5, 1, 4, 2, 3])
    await replay.insert(steps(version, 1), { policyVersion: version });
  const batch = replay.trySample("a", 64, { policyVersion: 5 });
  expect(Math.min(...(batch?.draw.policyVersions ?? []))).toBe(3);
  expect(replay.stats("a")).toMatchObject({ size: 3, expired: 2, policyVersion: 5 });
  replay.trySample("a", 1, { policyVersion: 3 });
  expect(replay.stats("a").policyVersion).toBe(5);
  expect(await replay.insert(steps(0, 2), { policyVersion: 2 })).toEqual({
    accepted: 0,
    dropped: 2,
  });
});

test("maxStaleness of one table keeps nothing from the others", async () => {
  const replay = new Replay({
    tables: [
      { name: "young", maxSize: 9, maxStaleness: 1 },
      { name: "any", maxSize: 9 },
    ],
  });
  await replay.insert(["new"], { policyVersion: 5 });
  replay.trySample("young", 1, { policyVersion: 5 });
  expect(await replay.insert(["old", "older"], { policyVersion: 3 })).toEqual({
    accepted: 2,
    dropped: 0,
  });
  expect(replay.stats("young")).toMatchObject({ size: 1, dropped: 2 });
  expect(replay.stats("any")).toMatchObject({ size: 3, dropped: 0 });
});

test("updatePriorities() reaches only items that are still there under this key", async () => {
  const table = { name: "a", maxSize: 4, sampler: "max-heap" } as const;
  const replay = new Replay({ schema: SCHEMA, tables: [table] });
  await replay.insert(steps(0, 4), { priority: [1, 2, 3, 4] });
  const old = replay.trySample("a", 1);
  expect(old?.columns["action"]).toEqual(new Int32Array([3]));
  expect(replay.updatePriorities("a", old?.keys ?? [], [0])).toBe(1);
  expect(replay.trySample("a", 1)?.columns["action"]).toEqual(new Int32Array([2]));
  await replay.insert(steps(4, 4), { priority: 0.5 });
  expect(replay.updatePriorities("a", old?.keys ?? [], [9])).toBe(0);
  expect(() => replay.updatePriorities("a", [1], [NaN])).toThrow(/priority NaN/);
});

test("sample() of prioritized follows p ** alpha, with weights (N · P) ** -beta over the largest", async () => {
  const table = { name: "a", maxSize: 40, sampler: "prioritized", alpha: 0.5, beta: 0.4 } as const;
  const replay = new Replay({ schema: SCHEMA, seed: 5, tables: [table] });
  const priority = Array.from({ length: 40 }, (_, at) => at + 1);
  await replay.insert(steps(0, 40), { priority });
  const total = priority.reduce((sum, p) => sum + p ** 0.5, 0);
  const counts = Array.from({ length: 40 }, () => 0);
  const batch = replay.trySample("a", 32);
  const chances = Array.from(
    batch!.columns["action"] as Int32Array,
    (at) => (at + 1) ** 0.5 / total,
  );
  const weights = chances.map((chance) => (40 * chance) ** -0.4);
  const most = Math.max(...weights);
  for (const [at, weight] of (batch?.weights ?? []).entries()) {
    expect(weight).toBeCloseTo((weights[at] ?? 0) / most, 5);
  }
  for (let draw = 0; draw < 40_000; draw++) {
    for (const at of replay.trySample("a", 1)!.columns["action"] as Int32Array) counts[at]!++;
  }
  const chi = counts.reduce((sum, count, at) => {
    const expected = (40_000 * (at + 1) ** 0.5) / total;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  expect(chi).toBeLessThan(chiSquareBound(39));
});

test("insertEpisode() shares rows among windows, keeps short episodes, pads with zeros", async () => {
  const replay = new Replay({
    schema: SCHEMA,
    tables: [{ name: "a", maxSize: 10, sampler: "fifo", maxUse: 1 }],
  });
  await replay.insertEpisode(steps(0, 5), { unrollLen: 3, stride: 1 });
  expect(replay.steps).toBe(5);
  await replay.insertEpisode(steps(10, 2), { unrollLen: 3 });
  expect(await replay.insertEpisode(steps(20, 2), { unrollLen: 3, short: "drop" })).toEqual({
    accepted: 0,
    dropped: 0,
  });
  const batch = replay.trySample("a", 4);
  expect([...(batch!.columns["action"] as Int32Array)]).toEqual([
    0, 1, 2, 1, 2, 3, 2, 3, 4, 10, 11, 0,
  ]);
  expect([...(batch?.draw.lengths ?? [])]).toEqual([3, 3, 3, 2]);
  expect(replay.steps).toBe(0);
  await replay.insertEpisode(steps(0, 5), { unrollLen: 2 });
  expect([...(replay.trySample("a", 3)!.columns["action"] as Int32Array)]).toEqual([
    0, 1, 2, 3, 3, 4,
  ]);
});

test("counts: inserted is the size and all ways out, and rows are what tables hold, whatever happens", async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const chance = new Chance(seed);
    const replay = new Replay({
      schema: SCHEMA,
      seed,
      tables: [
        {
          name: "a",
          maxSize: chance.integer(1, 30),
          maxUse: chance.integer(1, 4),
          maxStaleness: 3,
        },
        { name: "b", maxSize: chance.integer(1, 30), sampler: "prioritized", remover: "min-heap" },
      ],
    });
    let keys: ArrayLike<number> = [];
    for (let step = 0; step < 300; step++) {
      const name = chance.pick(["a", "b"]);
      const kind = chance.integer(0, 4);
      const version = Math.floor(step / 10);
      const tables = chance.pick([["a"], ["b"], ["a", "b"]]);
      const options = { tables, policyVersion: version, priority: chance.integer(0, 3) };
      if (kind === 0)
        await replay.insertEpisode(steps(step, chance.integer(0, 9)), {
          ...options,
          unrollLen: 3,
          stride: 2,
        });
      else if (kind === 1) await replay.insert(steps(step, chance.integer(0, 40)), options);
      else if (kind === 2) replay.delete(name, keys);
      else {
        const batch = replay.trySample(name, 1, { policyVersion: version });
        keys = batch?.keys ?? [];
        expect(version - (batch?.draw.policyVersions[0] ?? version)).toBeLessThanOrEqual(
          name === "a" ? 3 : Infinity,
        );
      }
      for (const table of ["a", "b"]) {
        const { inserted, size, evicted, exhausted, expired, deleted, maxSize } =
          replay.stats(table);
        expect(inserted).toBe(size + evicted + exhausted + expired + deleted);
        expect(size).toBeLessThanOrEqual(maxSize);
      }
    }
    const restored = new Replay({ schema: SCHEMA, tables: [{ name: "c", maxSize: 1 }] });
    expect(() => restored.loadStateDict(replay.stateDict())).toThrow(/has the tables "a", "b"/);
  }
});

test("what cannot work is refused with its path", async () => {
  const table = { name: "a", maxSize: 4 };
  expect(() => new Replay({ tables: [] })).toThrow(/tables: there is none/);
  expect(() => new Replay({ tables: [table, table] })).toThrow(/tables\[1\]\.name.*twice/);
  expect(() => new Replay({ tables: [{ ...table, maxSize: 0 }] })).toThrow(/tables\[0\]\.maxSize/);
  expect(() => new Replay({ tables: [table], schema: { a: "float31" as "int8" } })).toThrow(
    /schema\.a/,
  );
  const limiter = { samplesPerInsert: 2, minSizeToSample: 1, minDiff: -8, maxDiff: 8 };
  expect(() => new Replay({ tables: [{ ...table, limiter, maxUse: 1 }] })).toThrow(
    /samplesPerInsert.*maxUse/,
  );
  expect(
    () =>
      new Replay({
        tables: [{ ...table, limiter: { ...limiter, minSizeToSample: 5, maxDiff: 20 } }],
      }),
  ).toThrow(/above the table's maxSize/);
  const replay = new Replay({ schema: SCHEMA, tables: [table] });
  expect(await thrownBy(replay.insert({ obs: new Float32Array(3), action: [1] }))).toMatchObject({
    code: "usage.invalid-input",
  });
  expect(await thrownBy(replay.insert({ obs: new Float32Array(4), action: [1] }))).toMatchObject({
    message: expect.stringContaining("different lengths") as string,
  });
  expect(await thrownBy(replay.insert({ action: [1] }))).toMatchObject({
    message: expect.stringContaining('column "obs"') as string,
  });
  expect(await thrownBy(replay.sample("b", 1))).toMatchObject({ hint: "There is a." });
});
