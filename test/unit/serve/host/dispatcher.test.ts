import { expect, test } from "bun:test";
import type { PoolTask } from "../../../../src/pool/assignment.ts";
import { Dispatcher } from "../../../../src/serve/host/dispatcher.ts";
import type { Generation } from "../../../../src/serve/host/generation.ts";
import type { InferEnd, InferRequest } from "../../../../src/serve/inference.ts";
import { ServeStatistics } from "../../../../src/serve/page/statistics.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { recordLog } from "../../../support/interaction.ts";

/** Workers that take batches and never answer. */
function workersThatTake(count: number): { generation: Generation; taken: () => number } {
  let taken = 0;
  const facts = {
    report: {},
    ready: count,
    free: () => Math.max(0, count - taken),
    run: () => {
      taken += 1;
      return () => {};
    },
  };
  return { generation: facts as unknown as Generation, taken: () => taken };
}

function dispatcherOf(
  queueLimit: number,
  batchSize: number,
  clock: FakeClock = new FakeClock(),
): Dispatcher {
  return new Dispatcher({
    name: "model",
    batchSize,
    batchTimeoutMs: 1_000,
    queueLimit,
    retries: 1,
    streams: { areWaiting: false, goBefore: () => false, beginNext() {}, onBatch() {} },
    statistics: new ServeStatistics({ clock }).model("model", "1"),
    clock,
    log: recordLog(),
  });
}

function askTimes(dispatcher: Dispatcher, count: number): string[] {
  const request: InferRequest = {
    payload: { kind: "values", form: "json", values: [new Uint8Array([0x31])] },
    client: "one",
  };
  const ends: string[] = [];
  const tell = (end: InferEnd): void => void ends.push("error" in end ? end.error.code : "well");
  for (let asked = 0; asked < count; asked++) dispatcher.ask(request, undefined, tell);
  return ends;
}

test("ask() counts against the queue's limit what waits, not what free workers take", () => {
  const dispatcher = dispatcherOf(1, 1);
  const { generation, taken } = workersThatTake(2);
  dispatcher.use(generation);
  expect(askTimes(dispatcher, 5)).toEqual(["queue.full", "queue.full"]);
  expect([taken(), dispatcher.queuedRows]).toEqual([2, 1]);
  dispatcher.failAll(new Error("over") as never);
});

test("ask() lets a batch go that fills the queue, where that is shorter than a batch", () => {
  const dispatcher = dispatcherOf(4, 8);
  const { generation, taken } = workersThatTake(1);
  dispatcher.use(generation);
  expect(askTimes(dispatcher, 9)).toEqual(["queue.full"]);
  expect([taken(), dispatcher.queuedRows]).toEqual([1, 4]);
  dispatcher.failAll(new Error("over") as never);
});

test("ask() hands out a full batch at once, and the rest at the end of the turn", async () => {
  const dispatcher = dispatcherOf(100, 4);
  const { generation, taken } = workersThatTake(2);
  dispatcher.use(generation);
  askTimes(dispatcher, 3);
  expect(taken()).toBe(0);
  askTimes(dispatcher, 3);
  expect([taken(), dispatcher.queuedRows]).toEqual([1, 2]);
  await new Promise((resolve) => setImmediate(resolve));
  expect([taken(), dispatcher.queuedRows]).toEqual([2, 0]);
  dispatcher.failAll(new Error("over") as never);
});

test("a batch that runs hears when the last who waits for it has gone", async () => {
  const clock = new FakeClock();
  const dispatcher = dispatcherOf(10, 2, clock);
  let deserted = 0;
  const worker = { id: "w0", pid: 1, peer: { call: () => 0 } };
  const taken = Promise.withResolvers<void>();
  const run = (task: Pick<PoolTask, "taken">): (() => void) => {
    task.taken?.(worker, () => void deserted++);
    taken.resolve();
    return () => {};
  };
  const facts = { report: {}, ready: 1, free: () => 1, run };
  dispatcher.use(facts as unknown as Generation);
  const ends: string[] = [];
  for (const timeoutMs of [10, 15]) {
    const payload = { kind: "values", form: "json", values: [new Uint8Array([0x31])] } as const;
    dispatcher.ask({ payload, client: "one", timeoutMs }, undefined, (end) => {
      ends.push("error" in end ? end.error.code : "well");
    });
  }
  await taken.promise;
  clock.advance(10);
  expect([ends, deserted]).toEqual([["task.timed-out"], 0]);
  clock.advance(5);
  expect([ends, deserted]).toEqual([["task.timed-out", "task.timed-out"], 1]);
});
