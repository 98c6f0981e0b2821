import { expect, test } from "bun:test";
import type { DingError } from "../../../../src/core/errors.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import type { PoolTask } from "../../../../src/pool/assignment.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import { encodeAnswer } from "../../../../src/serve/batch-frame.ts";
import type { Generation } from "../../../../src/serve/host/generation.ts";
import { Stream } from "../../../../src/serve/host/stream.ts";
import type { Values } from "../../../../src/serve/inference.ts";
import type { ModelStatistics } from "../../../../src/serve/page/model-statistics.ts";
import { WORKER_EVENTS, WORKER_METHODS } from "../../../../src/serve/worker-protocol.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const READER_MS = 30_000;

const valuesOf = (value: unknown): Values => ({
  kind: "values",
  form: "msgpack",
  values: [msgpack.encode(value)],
});

/** A stream that a pretended worker has; what the worker hears of its reader. */
class TestStream {
  readonly clock = new FakeClock();
  readonly heard: unknown[] = [];
  readonly stream: Stream;
  readonly generation: Generation;
  readonly pieces: AsyncGenerator<unknown>;
  cancels = 0;
  isWorkerWanted = false;
  #task: PoolTask | undefined;
  #sent = 0;

  constructor({ pieceTimeoutMs = 0 }: { pieceTimeoutMs?: number } = {}) {
    const nothing = (): void => {};
    const statistics = {
      onArrived: nothing,
      onFirstPiece: nothing,
      onFailed: nothing,
      onBatch: nothing,
    };
    this.stream = new Stream(
      { payload: valuesOf(1), client: "test" },
      {
        statistics: { ...statistics, onAnswered: nothing } as unknown as ModelStatistics,
        clock: this.clock,
        log: silentLogger,
        retries: 1,
        pieceTimeoutMs,
        isWorkerWanted: () => this.isWorkerWanted,
      },
      { ended: nothing, again: nothing },
    );
    const run = (task: PoolTask): (() => void) => {
      this.#task = task;
      const call = (method: string, meta: unknown): number => this.heard.push([method, meta]);
      task.taken?.({ id: "w0", pid: 1, peer: { call } }, nothing);
      return () => void (this.cancels += 1);
    };
    this.generation = { memory: undefined, run, isGone: false } as unknown as Generation;
    this.stream.begin(this.generation);
    this.pieces = this.stream.pieces();
  }

  give(count: number): void {
    for (let piece = 0; piece < count; piece++) {
      const body = encodeAnswer({ computeMs: 0, results: [valuesOf(this.#sent++)] });
      this.#task?.event(WORKER_EVENTS.PIECE, body);
    }
  }

  end(): void {
    this.#task?.reply(undefined);
  }

  die(): void {
    this.#task?.fail({ code: "worker.exited", message: "The worker process exited with code 0" });
  }

  async take(count: number): Promise<void> {
    for (let piece = 0; piece < count; piece++) expect((await this.pieces.next()).done).toBe(false);
  }

  async code(): Promise<string> {
    const thrown = await this.pieces.next().then(
      ({ done }) => (done ? "end" : "piece"),
      (error: unknown) => (error as DingError).code,
    );
    return thrown;
  }
}

test("Stream tells its worker of what is taken: by quarters of the window", async () => {
  const one = new TestStream();
  one.give(200);
  await one.take(63);
  expect(one.heard).toEqual([]);
  await one.take(65);
  const [first] = one.heard as [string, [number, number]][];
  expect(one.heard).toEqual(Array(2).fill([WORKER_METHODS.MORE, [first?.[1][0], 64]]));
  one.end();
  await one.take(72);
  expect([await one.code(), one.heard.length, one.clock.pending]).toEqual(["end", 2, 0]);
});

test("Stream ends for a reader who takes nothing for 30 s, and for no other", async () => {
  const slow = new TestStream();
  slow.give(256);
  for (let piece = 0; piece < 20; piece++) {
    await slow.clock.play(READER_MS - 1);
    await slow.take(1);
  }
  expect(slow.cancels).toBe(0);
  await slow.clock.play(READER_MS + 1);
  expect([slow.cancels, await slow.code(), slow.clock.pending]).toEqual([1, "task.cancelled", 0]);
  const waiting = new TestStream();
  waiting.give(2);
  await waiting.take(2);
  await waiting.clock.play(10 * READER_MS);
  waiting.give(1);
  expect(await waiting.code()).toBe("piece");
  await waiting.pieces.return(undefined);
  expect(waiting.clock.pending).toBe(0);
});

test("Stream ends for a reader who lets the worker stand still while others wait for it", async () => {
  const held = new TestStream();
  held.give(256);
  await held.clock.play(5_000);
  held.isWorkerWanted = true;
  expect(held.cancels).toBe(0);
  await held.clock.play(3_001);
  expect([held.cancels, await held.code(), held.clock.pending]).toEqual([1, "task.cancelled", 0]);
  const steady = new TestStream();
  steady.isWorkerWanted = true;
  steady.give(256);
  for (let turn = 0; turn < 20; turn++) {
    await steady.clock.play(2_900);
    await steady.take(64);
    steady.give(64);
  }
  expect(steady.cancels).toBe(0);
});

test("Stream: a worker that waits for the reader is not silent; one that does not is", async () => {
  const held = new TestStream({ pieceTimeoutMs: 1_000 });
  held.give(256);
  await held.clock.play(20_000);
  expect(held.cancels).toBe(0);
  await held.take(64); // the worker hears of it, and should go on
  await held.clock.play(1_001);
  await held.clock.play(0);
  expect(held.cancels).toBe(1);
  await held.take(192);
  expect(await held.code()).toBe("task.timed-out");
});

test("Stream says of a worker that was told to go that it was, and of another that it died", async () => {
  const [gone, dead] = [new TestStream(), new TestStream()];
  gone.generation.isGone = true;
  for (const one of [gone, dead]) {
    one.give(1);
    await one.take(1);
    one.die();
  }
  expect([await gone.code(), await dead.code()]).toEqual(["service.stopping", "worker.exited"]);
});
