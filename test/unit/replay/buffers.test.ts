import { expect, test } from "bun:test";
import { AdvancedReplayBuffer } from "../../../src/replay/advanced-replay-buffer.ts";
import { cloneObject } from "../../../src/replay/buffer/clone-object.ts";
import { DequeBuffer } from "../../../src/replay/buffer/deque-buffer.ts";
import { groupSample } from "../../../src/replay/buffer/group-sample.ts";
import { padding } from "../../../src/replay/buffer/padding.ts";
import { priorityExperienceReplay } from "../../../src/replay/buffer/priority-experience-replay.ts";
import { sampleRangeView } from "../../../src/replay/buffer/sample-range-view.ts";
import { stalenessCheck } from "../../../src/replay/buffer/staleness-check.ts";
import { useTimeCheck } from "../../../src/replay/buffer/use-time-check.ts";
import { Random } from "../../../src/replay/random.ts";

function filled(count: number, size = 64): DequeBuffer<number> {
  const buffer = new DequeBuffer<number>({ size });
  for (let at = 0; at < count; at++) buffer.push(at);
  return buffer;
}

test("DequeBuffer.delete() leaves the others where updates and deletes find them", () => {
  const buffer = filled(8);
  const indices = buffer.items().map(({ index }) => index);
  expect(buffer.delete([indices[0] ?? ""])).toBe(1);
  expect(buffer.update(indices[3] ?? "", { data: 33 })).toBe(true);
  expect(buffer.getByIndex(indices[7] ?? "")?.data).toBe(7);
  expect(buffer.delete([indices[5] ?? "", indices[5] ?? ""])).toBe(1);
  expect(buffer.count).toBe(6);
  expect(buffer.get(-1)?.data).toBe(7);
});

test("DequeBuffer.sample() refuses too many, or gives none; draws without and with replacing; by range", () => {
  const buffer = filled(10);
  expect(() => buffer.sample(11)).toThrow(/there are 10/);
  expect(buffer.sample(11, { ignoreInsufficient: true })).toEqual([]);
  expect(new Set(buffer.sample(10).map(({ data }) => data)).size).toBe(10);
  expect(buffer.sample(50, { replace: true })).toHaveLength(50);
  const view = buffer.view().use(sampleRangeView({ start: -5, end: -2 }));
  expect(
    view
      .sample(3)
      .map(({ data }) => data)
      .toSorted((a, b) => a - b),
  ).toEqual([5, 6, 7]);
  expect(view.sample(9, { replace: true })).toHaveLength(9);
});

test("DequeBuffer.sampleGroups() gives windows of one episode each, aligned where sliced", () => {
  for (const sliced of [false, true]) {
    const buffer = new DequeBuffer<number>({ size: 100, sliced });
    for (let at = 0; at < 30; at++) buffer.push(at, { episode: at % 3 });
    buffer.push(99, { episode: 7 });
    for (const group of buffer.sampleGroups(3, { groupby: "episode", unrollLen: 4 })) {
      const [first] = group;
      expect(group.map(({ data }) => data)).toEqual(
        [0, 3, 6, 9].map((by) => (first?.data ?? 0) + by),
      );
      if (sliced) expect(Math.floor((first?.data ?? 0) / 3) % 4).toBe(0);
    }
    expect(() => buffer.sampleGroups(4, { groupby: "episode", unrollLen: 4 })).toThrow(/groups/);
  }
});

test("useTimeCheck() gives an item so often", () => {
  const buffer = filled(0).use(useTimeCheck({ maxUse: 2 }));
  for (let at = 0; at < 6; at++) buffer.push(at);
  expect(buffer.sample(6).map(({ meta }) => meta["use_count"])).toEqual([1, 1, 1, 1, 1, 1]);
  expect(buffer.sample(6).map(({ meta }) => meta["use_count"])).toEqual([2, 2, 2, 2, 2, 2]);
  expect(() => buffer.sample(6)).toThrow(/there are 0/);
});

test("stalenessCheck() lets go of what is too old, and tells how old the rest is", () => {
  const buffer = filled(0).use(stalenessCheck({ maxStaleness: 2 }));
  expect(() => buffer.push(0)).toThrow(/policyVersion/);
  for (const policyVersion of [1, 2, 3, 4]) buffer.push(policyVersion, { policyVersion });
  const sampled = buffer.sample(2, { policyVersion: 5 });
  expect(sampled.map(({ data, meta }) => Number(data) + Number(meta["staleness"]))).toEqual([5, 5]);
  expect(buffer.count).toBe(2);
});

test("cloneObject() keeps what is stored from who pushed and who sampled", () => {
  const buffer = new DequeBuffer<{ n: number }>({ size: 4 }).use(cloneObject());
  const mine = { n: 1 };
  buffer.push(mine);
  mine.n = 2;
  const [one] = buffer.sample(1);
  if (one) one.data.n = 3;
  expect(buffer.get(0)?.data).toEqual({ n: 1 });
});

test("padding() and groupSample() shape groups", () => {
  const buffer = new DequeBuffer<number | undefined>({ size: 20 });
  for (let at = 0; at < 7; at++) buffer.push(at, { env: at < 2 ? "a" : "b" });
  const random = new Random(1);
  const padded = buffer.view().use(padding({ policy: "none", random }));
  const groups = padded.sampleGroups(2, { groupby: "env" });
  expect(groups.map((group) => group.length)).toEqual([5, 5]);
  expect(groups.flat().filter(({ meta }) => meta["padding"])).toHaveLength(3);
  const grouped = buffer.view().use(groupSample({ sizeInGroup: 2, maxUseInGroup: 1, random }));
  expect(grouped.sampleGroups(2, { groupby: "env" }).map((group) => group.length)).toEqual([2, 2]);
  expect(buffer.count).toBe(0);
});

test("priorityExperienceReplay() survives deletes, updates and restores", () => {
  const make = (): DequeBuffer<number> =>
    new DequeBuffer<number>({ size: 10 }).use(priorityExperienceReplay({ seed: 4 }));
  const buffer = make();
  for (let at = 0; at < 10; at++) buffer.push(at, { priority: 2 });
  const sampled = buffer.sample(10);
  expect(Object.keys(sampled[0]?.meta ?? {}).toSorted()).toEqual([
    "priority",
    "priority_IS",
    "priority_idx",
  ]);
  const [first, ...others] = buffer.items().map(({ index }) => index);
  expect(buffer.delete([first ?? ""])).toBe(1);
  for (const index of others) expect(buffer.update(index, { meta: { priority: 0 } })).toBe(true);
  expect(buffer.update(others[4] ?? "", { meta: { priority: 3 } })).toBe(true);
  expect(buffer.sample(5).map(({ data }) => data)).toEqual([5, 5, 5, 5, 5]);
  for (let at = 10; at < 14; at++) buffer.push(at);
  const copy = make();
  copy.loadStateDict(structuredClone(buffer.stateDict()));
  expect(copy.sample(8).map(({ data }) => data)).toEqual(buffer.sample(8).map(({ data }) => data));
  buffer.clear();
  expect(buffer.count).toBe(0);
});

test("priorityExperienceReplay() gives any item where all priorities are 0", () => {
  const buffer = new DequeBuffer<number>({ size: 9 }).use(priorityExperienceReplay({ seed: 4 }));
  for (let at = 0; at < 3; at++) buffer.push(at, { priority: 0 });
  const sampled = Array.from({ length: 30 }, () => buffer.sample(3)).flat();
  expect(new Set(sampled.map(({ data }) => data))).toEqual(new Set([0, 1, 2]));
  expect(sampled.every(({ meta }) => meta["priority_IS"] === 1)).toBe(true);
});

test("AdvancedReplayBuffer: golden cases of tail, count, stale ids, use, sums and state", () => {
  const buffer = new AdvancedReplayBuffer<number>({ size: 64, maxUse: 2 });
  for (let at = 0; at < 100; at++) buffer.push([{ data: at }]);
  expect([buffer.count, buffer.tail, buffer.pushed]).toEqual([64, 36, 100]);
  expect(buffer.weightOf(0, 64)).toBeCloseTo(64, 6);
  const other = new AdvancedReplayBuffer<number>({ size: 64 });
  for (let round = 1; round <= 3; round++) {
    other.push(Array.from({ length: 38 }, (_, at) => ({ data: at })));
    expect([other.tail, other.count]).toEqual([(38 * round) % 64, Math.min(64, 38 * round)]);
  }
  const update = new AdvancedReplayBuffer<number>({ size: 64 });
  update.push(Array.from({ length: 64 }, (_, at) => ({ data: at })));
  const slots = [1, 4, 8, 30, 63];
  const changes = slots.map((slot) => ({
    slot,
    uniqueId: update.at(slot)?.uniqueId ?? -1,
    priority: 2 + slot,
  }));
  update.push(Array.from({ length: 8 }, (_, at) => ({ data: at })));
  expect(update.update(changes)).toBe(3);
  expect(slots.map((slot) => update.at(slot)?.priority)).toEqual([
    1, 1, 10.00001, 32.00001, 65.00001,
  ]);
  expect(update.maxPriority).toBe(65.00001);
  for (let sample = buffer.sample(32); sample; sample = buffer.sample(32)) {
    for (const { weight } of sample) expect(weight).toBe(1);
  }
  const alive = Array.from({ length: 64 }, (_, slot) => buffer.at(slot)).filter((item) => item);
  expect(alive.every((item) => (item?.use ?? 9) < 2)).toBe(true);
  expect(buffer.count).toBe(alive.length);
  const copy = new AdvancedReplayBuffer<number>({ size: 64 });
  copy.loadStateDict(structuredClone(update.stateDict()));
  expect([copy.tail, copy.maxPriority, copy.count]).toEqual([8, 65.00001, 64]);
  expect(copy.sample(10)).toEqual(update.sample(10));
});

test("AdvancedReplayBuffer refuses by its limiter, and gives nothing stale", () => {
  const buffer = new AdvancedReplayBuffer<number>({
    size: 8,
    maxStaleness: 1,
    limiter: { minRatio: 0.5 },
  });
  buffer.push([1, 2, 3].map((policyVersion) => ({ data: policyVersion, policyVersion })));
  expect(buffer.sample(2, 4)).toBeUndefined();
  expect(buffer.sample(1, 4)).toMatchObject([{ data: 3, staleness: 1 }]);
  for (let at = 0; at < 5; at++) buffer.sample(1, 4);
  expect(buffer.sample(1, 4)).toBeUndefined();
});

test("AdvancedReplayBuffer: no item is used more than maxUse times, also within one sample; priorities may all be 0", () => {
  const buffer = new AdvancedReplayBuffer<number>({ size: 8, maxUse: 1, seed: 3 });
  buffer.push([
    { data: 1, priority: 100 },
    { data: 2, priority: 1e-9 },
  ]);
  expect(buffer.sample(2)?.map(({ data, use }) => [data, use])).toEqual([
    [1, 1],
    [2, 1],
  ]);
  expect(buffer.count).toBe(0);
  buffer.push([
    { data: 3, priority: 0 },
    { data: 4, priority: 0 },
  ]);
  expect(buffer.sample(2)).toMatchObject([
    { data: 3, weight: 1 },
    { data: 4, weight: 1 },
  ]);
  for (const options of [{ maxStaleness: -1 }, { alpha: NaN }, { beta: 2 }]) {
    expect(() => new AdvancedReplayBuffer(options)).toThrow(/is not a number from 0/);
  }
});

test("DequeBuffer.delete() takes one index, too", () => {
  const buffer = filled(3);
  expect(buffer.delete(buffer.get(1)?.index ?? "")).toBe(1);
  expect(buffer.items().map(({ data }) => data)).toEqual([0, 2]);
});
