import { expect, test } from "bun:test";
import { RemoteReplay } from "../../../../src/coordinator/replay-link/remote-replay.ts";
import {
  ReplayDesk,
  type ReplayDeskOptions,
} from "../../../../src/coordinator/replay-link/replay-desk.ts";
import { MOST_OPEN_CALLS } from "../../../../src/coordinator/replay-link/replay-words.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { PolicyLag } from "../../../../src/coordinator/weights/policy-lag.ts";
import { WeightStore } from "../../../../src/coordinator/weights/weight-store.ts";
import { minSize, queueLimit } from "../../../../src/replay/limiter/rate-limiter.ts";
import { Replay } from "../../../../src/replay/replay.ts";
import type { TableOptions } from "../../../../src/replay/table-options.ts";
import { thrownBy } from "../../../support/thrown-by.ts";
import { until } from "../../../support/until.ts";
import { linkedPeers } from "./linked-peers.ts";

const SCHEMA = { obs: { dtype: "float32", shape: [2] }, reward: "float32" } as const;
const QUEUE: TableOptions = {
  name: "q",
  maxSize: 100,
  sampler: "fifo",
  maxUse: 1,
  limiter: queueLimit(4),
};

interface End extends Disposable {
  remote: RemoteReplay;
  desk: ReplayDesk;
  ending: AbortController;
  held: number[];
}

function linkedTo(
  replay: Replay,
  options: Partial<ReplayDeskOptions> & { acting?: number } = {},
): End {
  const ending = new AbortController();
  const held: number[] = [];
  const desk = new ReplayDesk({ replay, newestVersion: () => 0, ...options });
  const peers = linkedPeers({ coordinator: (call) => void desk.answer(call) });
  const remote = new RemoteReplay({
    port: peers.worker,
    signal: ending.signal,
    actingVersion: () => options.acting ?? 0,
    holdUntil: (version) => Promise.resolve(void held.push(version)),
  });
  const dispose = (): void => {
    desk[Symbol.dispose]();
    peers.end();
  };
  return { remote, desk, ending, held, [Symbol.dispose]: dispose };
}

const steps = (...rewards: number[]): { obs: number[]; reward: number }[] =>
  rewards.map((reward) => ({ obs: [reward, -reward], reward }));

test("insert() and sample() carry columns, lists of steps and any values", async () => {
  const replay = new Replay({ schema: SCHEMA, tables: [{ ...QUEUE, limiter: minSize(1) }] });
  using end = linkedTo(replay);
  const obs = Float32Array.of(1, -1, 2, -2);
  expect(await end.remote.insert({ obs, reward: Float32Array.of(1, 2) })).toEqual({
    accepted: 2,
    dropped: 0,
  });
  await end.remote.insert(steps(3));
  const batch = await end.remote.sample(3);
  expect(batch.columns).toEqual({
    obs: Float32Array.of(1, -1, 2, -2, 3, -3),
    reward: Float32Array.of(1, 2, 3),
  });
  expect(batch.items()[2]).toEqual({ obs: Float32Array.of(3, -3), reward: 3 });
  expect(batch.weights).toEqual(Float64Array.of(1, 1, 1));
  const any = new Replay({ tables: [QUEUE] });
  using other = linkedTo(any);
  await other.remote.insert([{ a: 1 }, "b"]);
  expect((await other.remote.sample(2)).items()).toEqual([{ a: 1 }, "b"]);
});

test("insertEpisode() gives windows; a shorter item ends where it ends", async () => {
  const replay = new Replay({ schema: SCHEMA, tables: [{ ...QUEUE, limiter: minSize(1) }] });
  using end = linkedTo(replay);
  await end.remote.insertEpisode(steps(1, 2, 3), { unrollLen: 2 });
  await end.remote.insertEpisode(steps(9), { unrollLen: 2 });
  const batch = await end.remote.sample(3);
  expect([...batch.lengths]).toEqual([2, 2, 1]);
  expect(batch.items().map((item) => (item as unknown[]).length)).toEqual([2, 2, 1]);
});

test("insert() waits while the limiter holds it back, and says the version that acts", async () => {
  const replay = new Replay({ tables: [QUEUE] });
  using end = linkedTo(replay, { acting: 7, newestVersion: () => 9 });
  await end.remote.insert([1, 2, 3, 4]);
  let isIn = false;
  const insert = end.remote.insert([5, 6]).then(() => (isIn = true));
  await until(() => replay.waiting === 1);
  expect(isIn).toBe(false);
  const batch = await end.remote.sample(2);
  expect([...batch.versions]).toEqual([7, 7]);
  await insert;
  expect(replay.stats("q").policyVersion).toBe(9);
});

test("insert() that is called off is taken back from the limiter", async () => {
  const replay = new Replay({ tables: [QUEUE] });
  using end = linkedTo(replay);
  await end.remote.insert([1, 2, 3, 4]);
  const leaving = new AbortController();
  const insert = end.remote.insert([5], { signal: leaving.signal });
  await until(() => replay.waiting === 1);
  leaving.abort(new Error("enough"));
  expect(await thrownBy(insert)).toMatchObject({ message: "enough" });
  await until(() => replay.waiting === 0);
  expect(await thrownBy(end.remote.insert([5], { timeoutMs: 0 }))).toMatchObject({
    code: "wait.timeout",
    details: { accepted: 0 },
  });
});

test("insert() called many times at once goes in in order, a few at a time", async () => {
  const replay = new Replay({ tables: [{ ...QUEUE, limiter: minSize(1) }] });
  using end = linkedTo(replay);
  const calls = Array.from({ length: 100 }, (_, at) => end.remote.insert([at]));
  await until(() => replay.stats("q").inserted > 0);
  await Promise.all(calls);
  const batch = await end.remote.sample(100);
  expect(batch.items()).toEqual(Array.from({ length: 100 }, (_, at) => at));
});

test("sample() with prefetch has asked before it is called; a wait that is given up loses nothing", async () => {
  const replay = new Replay({ tables: [{ ...QUEUE, limiter: minSize(1) }] });
  using end = linkedTo(replay);
  await end.remote.insert([1, 2, 3]);
  expect((await end.remote.sample(1, { prefetch: 2 })).items()).toEqual([1]);
  await until(() => replay.stats("q").sampled === 3);
  expect((await end.remote.sample(1, { prefetch: 2 })).items()).toEqual([2]);
  expect((await end.remote.sample(1, { prefetch: 2 })).items()).toEqual([3]);
  const leaving = new AbortController();
  const given = end.remote.sample(1, { prefetch: 2, signal: leaving.signal });
  leaving.abort(new Error("enough"));
  expect(await thrownBy(given)).toMatchObject({ message: "enough" });
  await end.remote.insert([4]);
  expect((await end.remote.sample(1)).items()).toEqual([4]);
});

test("updatePriorities() sets those whose items are still there", async () => {
  const table: TableOptions = { name: "t", maxSize: 2, sampler: "prioritized" };
  const replay = new Replay({ tables: [table] });
  using end = linkedTo(replay);
  await end.remote.insert(["a"], { priority: 1 });
  const batch = await end.remote.sample(1);
  await end.remote.insert(["b"], { priority: 3 });
  expect(await end.remote.updatePriorities(batch.keys, [5])).toBe(1);
  await end.remote.insert(["c", "d"]);
  expect(await end.remote.updatePriorities(batch.keys, [5])).toBe(0);
});

test("what is too large for a message is refused before anything of it is done", async () => {
  const schema = { frame: { dtype: "uint8", shape: [1_000_000] } } as const;
  const replay = new Replay({ schema, tables: [{ name: "t", maxSize: 200, maxUse: 100 }] });
  using end = linkedTo(replay);
  await end.remote.insert({ frame: new Uint8Array(2_000_000) });
  for (const call of [
    end.remote.insert({ frame: new Uint8Array(100_000_000) }),
    end.remote.sample(100),
  ]) {
    expect(await thrownBy(call)).toMatchObject({
      code: "usage.invalid-input",
      hint: expect.stringContaining("fewer at once") as string,
    });
  }
  expect(replay.stats("t")).toMatchObject({ inserted: 2, sampled: 0 });
  expect((await end.remote.sample(3)).columns["frame"]).toHaveLength(3_000_000);
});

test("delete() takes out items whose data is lost, and the learner goes on with the others", async () => {
  const released: unknown[] = [];
  const table: TableOptions = { name: "t", maxSize: 8, sampler: "fifo" };
  const replay = new Replay({ tables: [table], onRelease: (step) => released.push(step) });
  using end = linkedTo(replay);
  await end.remote.insert(["missing.bin", "there.bin"]);
  const { keys } = await end.remote.sample(1);
  expect(await end.remote.delete(keys, { why: "lost" })).toBe(1);
  expect(await end.remote.delete(keys, { table: "t" })).toBe(0);
  expect((await end.remote.sample(1)).items()).toEqual(["there.bin"]);
  expect(replay.stats("t")).toMatchObject({ size: 1, lost: 1, deleted: 0 });
  expect(released).toEqual(["missing.bin"]);
  const wrong = end.remote.delete(keys, { why: "gone" as "lost" });
  expect(await thrownBy(wrong)).toMatchObject({ code: "network.protocol" });
});

test("insert() of an old policy is dropped, or holds the worker until it has newer weights", async () => {
  const replay = new Replay({ tables: [QUEUE] });
  const newestVersion = (): number => 5;
  using dropping = linkedTo(replay, { newestVersion, lag: new PolicyLag({ maxPolicyLag: 1 }) });
  expect(await dropping.remote.insert([1, 2])).toEqual({ accepted: 0, dropped: 2 });
  expect(await dropping.remote.insert([1], { policyVersion: 4 })).toEqual({
    accepted: 1,
    dropped: 0,
  });
  const pausing = new PolicyLag({ maxPolicyLag: 1, onLag: "pause" });
  using end = linkedTo(replay, { newestVersion, lag: pausing });
  expect(await end.remote.insert([2], { policyVersion: 4 })).toEqual({ accepted: 1, dropped: 0 });
  expect(end.held).toEqual([5]);
});

test("no item is sampled that is older than maxStaleness, by the versions that collectors acted with", async () => {
  await using store = await WeightStore.open({ log: silentLogger });
  const table: TableOptions = { name: "t", maxSize: 100, maxStaleness: 2 };
  const replay = new Replay({ tables: [table] });
  const newestVersion = (): number => store.newest("p");
  for (let version = 1; version <= 6; version++) {
    await store.publish("p", new Uint8Array([version]));
    using collector = linkedTo(replay, { newestVersion, acting: version });
    await collector.remote.insert([version, version]);
  }
  using learner = linkedTo(replay, { newestVersion });
  for (let round = 0; round < 20; round++) {
    const { versions } = await learner.remote.sample(4);
    for (const version of versions) expect(version).toBeGreaterThanOrEqual(4);
  }
  expect(replay.stats("t")).toMatchObject({ size: 6, expired: 6 });
  // What is too old when it comes is not taken in.
  using late = linkedTo(replay, { newestVersion, acting: 3 });
  expect(await late.remote.insert(["old"])).toEqual({ accepted: 0, dropped: 1 });
});

test("insertEpisode() takes windows and groups over the link, and refuses what is none", async () => {
  const replay = new Replay({ schema: SCHEMA, tables: [{ ...QUEUE, limiter: minSize(1) }] });
  using end = linkedTo(replay);
  const windows = [{ start: 1, length: 2 }];
  await end.remote.insertEpisode(steps(1, 2, 3), { windows });
  await end.remote.insertEpisode(steps(5, 6, 5), { groupBy: "reward" });
  const batch = await end.remote.sample(3);
  const rewards = batch
    .items()
    .map((item) => (item as { reward: number }[]).map(({ reward }) => reward));
  expect(rewards).toEqual([[2, 3], [5, 5], [6]]);
  const wrong = end.remote.insertEpisode(steps(1), { windows: [{ start: 0, length: 9 }] });
  expect(await thrownBy(wrong)).toMatchObject({ code: "usage.invalid-input" });
});

test("answer() refuses what is no such call, and goes on", async () => {
  const replay = new Replay({ schema: SCHEMA, tables: [QUEUE] });
  const lag = new PolicyLag({ maxPolicyLag: 1 });
  using end = linkedTo(replay, { lag });
  expect(await thrownBy(end.remote.insert({ obs: [1] }))).toMatchObject({
    code: "usage.invalid-input",
  });
  expect(await thrownBy(end.remote.insert([], { tables: 3 as never }))).toMatchObject({
    code: "network.protocol",
  });
  expect(await thrownBy(end.remote.insert(null as never))).toMatchObject({
    code: "network.protocol",
  });
  expect(await thrownBy(end.remote.sample(0))).toMatchObject({ code: "usage.invalid-input" });
  expect(await thrownBy(end.remote.sample(1, { table: "x" }))).toMatchObject({
    code: "usage.invalid-input",
  });
  for (const policyVersion of [NaN, Infinity, -Infinity]) {
    for (const call of [
      end.remote.insert(steps(1), { policyVersion }),
      end.remote.sample(1, { policyVersion }),
    ]) {
      expect(await thrownBy(call)).toMatchObject({
        code: "usage.invalid-input",
        message: expect.stringContaining(`policyVersion ${policyVersion}`) as string,
      });
    }
  }
  expect(lag.stats).toMatchObject({ inserts: 0, mean: 0 });
  expect(await end.remote.insert(steps(1))).toEqual({ accepted: 1, dropped: 0 });
});

test("answer() has so many calls of a worker open, and no more", async () => {
  const replay = new Replay({ tables: [{ ...QUEUE, maxSize: 1_000, maxUse: 1_000 }] });
  using end = linkedTo(replay);
  const samples = Array.from({ length: MOST_OPEN_CALLS + 1 }, (_, at) =>
    end.remote.sample(1, { policyVersion: at }).catch((thrown: unknown) => thrown),
  );
  expect(await samples.at(-1)).toMatchObject({ code: "queue.full" });
  end.desk[Symbol.dispose]();
  expect(await samples[0]).toMatchObject({ code: "service.stopping" });
  await Promise.all(samples);
  expect([end.desk.open, replay.waiting]).toEqual([0, 0]);
});

test("the end of a task ends its waits at both ends", async () => {
  const replay = new Replay({ tables: [QUEUE] });
  using end = linkedTo(replay);
  const sample = end.remote.sample(1);
  await until(() => replay.waiting === 1);
  end.ending.abort(new Error("the task ends"));
  expect(await thrownBy(sample)).toMatchObject({ message: "the task ends" });
  await until(() => replay.waiting === 0);
});
