import { expect, test } from "bun:test";
import { queueLimit, sampleToInsertRatio } from "../../../src/replay/limiter/rate-limiter.ts";
import { Replay } from "../../../src/replay/replay.ts";
import type { TableOptions } from "../../../src/replay/table-options.ts";
import { Chance } from "../../support/chance.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const QUEUE: TableOptions = {
  name: "q",
  maxSize: 10,
  sampler: "fifo",
  maxUse: 1,
  limiter: queueLimit(2),
};

test("insert() waits in mode block, and goes on as samples make room", async () => {
  const replay = new Replay({ tables: [QUEUE] });
  let done = false;
  const insert = replay.insert([1, 2, 3, 4, 5]).then((inserted) => {
    done = true;
    return inserted;
  });
  expect((await replay.sample("q", 2))?.items()).toEqual([1, 2]);
  expect((await replay.sample("q", 2))?.items()).toEqual([3, 4]);
  expect(await insert).toEqual({ accepted: 5, dropped: 0 });
  expect(done).toBe(true);
  expect(replay.waiting).toBe(0);
});

test("sample() waits for items and is woken by the insert, in the order in which they came", async () => {
  const replay = new Replay({ tables: [QUEUE] });
  const order: unknown[] = [];
  const samples = [1, 2, 3].map((at) =>
    replay.sample("q", 1).then((batch) => order.push([at, batch?.items()])),
  );
  await replay.insert(["a", "b", "c"]);
  await Promise.all(samples);
  expect(order).toEqual([
    [1, ["a"]],
    [2, ["b"]],
    [3, ["c"]],
  ]);
});

test("a wait ends at its timeout, by its signal, and by close(); insert() says how many are in", async () => {
  const clock = new FakeClock();
  const replay = new Replay({ tables: [QUEUE], clock });
  const late = thrownBy(replay.insert([1, 2, 3], { timeoutMs: 50 }));
  await clock.play(50);
  expect(await late).toMatchObject({ code: "wait.timeout", details: { accepted: 2 } });
  const controller = new AbortController();
  const aborted = thrownBy(replay.insert([3], { signal: controller.signal, timeoutMs: 1_000 }));
  controller.abort(new Error("enough"));
  expect(await aborted).toMatchObject({ message: "enough" });
  const held = thrownBy(replay.insert([3]));
  const behind = thrownBy(replay.insert([4], { timeoutMs: 1_000 }));
  replay.close("the run is over");
  replay.close();
  expect(await held).toMatchObject({ code: "service.stopping" });
  expect(await behind).toMatchObject({ code: "service.stopping" });
  expect(await thrownBy(replay.sample("q", 1))).toMatchObject({ code: "service.stopping" });
  expect(clock.pending).toBe(0);
  expect(replay.waiting).toBe(0);
});

test("who leaves the line lets those behind go on", async () => {
  const clock = new FakeClock();
  const replay = new Replay({ tables: [QUEUE], clock });
  await replay.insert([1]);
  const large = thrownBy(replay.sample("q", 2, { timeoutMs: 10 }));
  const small = replay.sample("q", 1);
  await clock.play(10);
  expect(await large).toMatchObject({ code: "wait.timeout" });
  expect((await small)?.items()).toEqual([1]);
});

test("mode drop counts what does not fit, mode reject throws and inserts nothing", async () => {
  const dropping = new Replay({ tables: [{ ...QUEUE, mode: "drop" }] });
  expect(await dropping.insert([1, 2, 3])).toEqual({ accepted: 2, dropped: 1 });
  expect(dropping.stats("q")).toMatchObject({ size: 2, dropped: 1 });
  await dropping.sample("q", 2);
  expect(await dropping.sample("q", 1)).toBeUndefined();
  const rejecting = new Replay({ tables: [{ ...QUEUE, mode: "reject" }] });
  expect(await thrownBy(rejecting.insert([1, 2, 3]))).toMatchObject({ code: "queue.full" });
  expect(rejecting.stats("q").size).toBe(0);
  expect(await thrownBy(rejecting.sample("q", 1))).toMatchObject({ code: "wait.timeout" });
});

test("more waiters than maxWaiters are refused, and a sample that never fits is too", async () => {
  const replay = new Replay({ tables: [QUEUE], maxWaiters: 1 });
  const first = thrownBy(replay.sample("q", 1));
  expect(await thrownBy(replay.sample("q", 1))).toMatchObject({ code: "queue.full" });
  expect(await thrownBy(replay.sample("q", 3))).toMatchObject({ code: "usage.invalid-input" });
  replay.close();
  await first;
});

test("samples and inserts never wait for each other where items are used up or stale", async () => {
  const limiter = sampleToInsertRatio({ samplesPerInsert: 2, minSizeToSample: 2, errorBuffer: 6 });
  const replay = new Replay({
    tables: [{ name: "a", maxSize: 3, maxUse: 2, limiter, maxStaleness: 1 }],
  });
  const inserts = (async () => {
    for (let at = 0; at < 200; at++)
      await replay.insert([at], { policyVersion: Math.floor(at / 5) });
  })();
  let sampled = 0;
  const samples = (async () => {
    while (sampled < 100) {
      const { policyVersion } = replay.stats("a");
      await replay.sample("a", 4, { policyVersion: Math.max(0, policyVersion) });
      sampled += 4;
    }
  })();
  await samples;
  replay.close();
  await thrownBy(inserts.then(() => Promise.reject(new Error("all in"))));
  expect(sampled).toBe(100);
});

test.each([
  ["ten times faster collectors", 10, 1],
  ["a ten times faster learner", 1, 10],
])("the ratio stays within its tolerance under %s", async (_, inserters, samplers) => {
  const limiter = sampleToInsertRatio({
    samplesPerInsert: 4,
    minSizeToSample: 20,
    errorBuffer: 40,
  });
  const replay = new Replay({ tables: [{ name: "a", maxSize: 100, limiter }] });
  const chance = new Chance(3);
  let least = Infinity;
  let most = -Infinity;
  const look = (): void => {
    const { diff, inserted } = replay.stats("a");
    if (inserted <= 20) return;
    least = Math.min(least, diff);
    most = Math.max(most, diff);
  };
  const loop = async (go: () => Promise<unknown>): Promise<void> => {
    for (;;) {
      await go();
      look();
      if (replay.stats("a").inserted > 2_000) replay.close();
    }
  };
  const inserting = (): Promise<unknown> =>
    replay.insert(Array.from({ length: chance.integer(1, 9) }, () => 0));
  await Promise.all([
    ...Array.from({ length: inserters }, () => thrownBy(loop(inserting))),
    ...Array.from({ length: samplers }, () => thrownBy(loop(() => replay.sample("a", 8)))),
  ]);
  expect(least).toBeGreaterThanOrEqual(40);
  expect(most).toBeLessThanOrEqual(120);
});
