import { expect, test } from "bun:test";
import { Replay } from "../../../src/replay/replay.ts";
import { TrajectoryWriter } from "../../../src/replay/trajectory-writer.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const SCHEMA = { env: "int32", value: "float32" } as const;
const TABLE = { name: "t", maxSize: 100, sampler: "fifo" as const, maxUse: 1 };
const replayOf = (): Replay => new Replay({ schema: SCHEMA, tables: [TABLE] });

async function valuesOf(replay: Replay, count: number): Promise<number[][]> {
  const batch = await replay.sample("t", count);
  return (batch?.items() ?? []).map((item) =>
    (Array.isArray(item) ? item : [item]).map((step) => (step as { value: number }).value),
  );
}

test("insertEpisode() with groupBy makes sequences of steps that lie between each other", async () => {
  const replay = replayOf();
  const env = Int32Array.of(7, 3, 7, 3, 7, 3, 7);
  const value = Float32Array.of(1, 10, 2, 20, 3, 30, 4);
  await replay.insertEpisode({ env, value }, { groupBy: "env", unrollLen: 2 });
  expect(await valuesOf(replay, 4)).toEqual([
    [1, 2],
    [3, 4],
    [10, 20],
    [20, 30],
  ]);
  expect(replay.steps).toBe(0);
});

test("insertEpisode() with groupBy takes lists of steps, and a group as one item without unrollLen", async () => {
  const replay = replayOf();
  const steps = [1, 2, 1, 2, 1].map((env, at) => ({ env, value: at }));
  expect(await replay.insertEpisode(steps, { groupBy: "env" })).toEqual({
    accepted: 2,
    dropped: 0,
  });
  expect(await valuesOf(replay, 2)).toEqual([
    [0, 2, 4],
    [1, 3],
  ]);
});

test("insertEpisode() refuses a groupBy that is no column of one value a step, and windows beyond the steps", async () => {
  const replay = replayOf();
  const steps = [{ env: 1, value: 1 }];
  for (const options of [
    { groupBy: "nothing" },
    { groupBy: "env", windows: [] },
    { windows: [{ start: 0, length: 2 }] },
    { windows: [{ start: -1, length: 1 }] },
    { windows: [{ start: 0.5, length: 1 }] },
  ]) {
    expect(await thrownBy(replay.insertEpisode(steps, options))).toMatchObject({
      code: "usage.invalid-input",
    });
  }
  expect(replay.steps).toBe(0);
});

test("TrajectoryWriter makes windows of each episode, step by step", async () => {
  const replay = replayOf();
  const writer = new TrajectoryWriter(replay, { unrollLen: 3, stride: 2 });
  for (let value = 0; value < 5; value++) writer.append({ env: 0, value });
  expect(writer.length).toBe(5);
  expect(await writer.end({ policyVersion: 4 })).toEqual({ accepted: 2, dropped: 0 });
  expect(await writer.end()).toEqual({ accepted: 0, dropped: 0 });
  expect(replay.steps).toBe(5);
  const batch = replay.trySample("t", 2);
  expect([...(batch?.draw.policyVersions ?? [])]).toEqual([4, 4]);
  expect(batch?.columns["value"]).toEqual(Float32Array.of(0, 1, 2, 2, 3, 4));
});

test("TrajectoryWriter.createItem() makes items of the last steps, which share their data", async () => {
  const replay = new Replay({
    schema: SCHEMA,
    tables: [{ name: "t", maxSize: 100, sampler: "max-heap" }],
  });
  const writer = new TrajectoryWriter(replay, { items: "created" });
  for (let value = 0; value < 4; value++) {
    writer.append({ env: 0, value });
    if (value >= 1) writer.createItem({ steps: 2, priority: value });
  }
  expect(await writer.end()).toEqual({ accepted: 3, dropped: 0 });
  expect(replay.steps).toBe(4);
  expect(await valuesOf(replay, 1)).toEqual([[2, 3]]);
  writer.append({ env: 0, value: 9 });
  expect(() => writer.createItem({ steps: 2 })).toThrow("there are 1");
  expect(() => new TrajectoryWriter(replay).createItem({ steps: 1 })).toThrow("makes windows");
});

test("TrajectoryWriter keeps the order and the shared steps of items with a priority and without", async () => {
  const replay = replayOf();
  const writer = new TrajectoryWriter(replay, { items: "created" });
  for (let value = 0; value < 3; value++) {
    writer.append({ env: 0, value });
    if (value > 0) writer.createItem(value === 1 ? { steps: 2 } : { steps: 2, priority: 5 });
  }
  expect(() => writer.createItem({ steps: 1, priority: -1 })).toThrow("priority -1");
  await writer.end();
  expect(replay.steps).toBe(3);
  const batch = replay.trySample("t", 2);
  expect([...(batch?.draw.priorities ?? [])]).toEqual([1, 5]);
  expect(batch?.columns["value"]).toEqual(Float32Array.of(0, 1, 1, 2));
});
