import { systemClock } from "../../src/core/clock.ts";
import { DingError } from "../../src/core/errors.ts";
import { WorkerProcess } from "../../src/pool/worker-process.ts";
import { msgpack } from "../../src/protocol/codec.ts";
import { decodeAnswer, encodeBatch, type BatchAnswer } from "../../src/serve/batch-frame.ts";
import type { Payload, Values } from "../../src/serve/inference.ts";
import type { SharedMemory } from "../../src/serve/shared-memory.ts";
import {
  WORKER_EVENTS,
  WORKER_METHODS,
  type ModelReport,
  type StreamMeta,
  type WorkerSetUp,
} from "../../src/serve/worker-protocol.ts";
import { startChild } from "../../src/runtime/child-process.ts";
import { commandOf, type Runtime } from "./runtimes.ts";

/** What a test changes of a worker's set-up. */
export type StartOptions = Partial<Omit<WorkerSetUp, "sharedMemory">> & {
  plugin: string;
  memory?: SharedMemory | undefined;
  env?: Record<string, string>;
  runtime?: Runtime;
};

/** A real worker process of `ding serve`; gone at the end of the block. */
export interface StartedWorker extends AsyncDisposable {
  readonly process: WorkerProcess;
  /** Rejects when the model cannot be loaded. */
  readonly loaded: Promise<ModelReport>;
  /** What its code has recorded. */
  readonly statistics: Record<string, number>[];
  /** What it has printed and logged. */
  readonly output: () => string;
  infer(payloads: readonly Payload[]): Promise<BatchAnswer>;
  /** A call that may be cancelled; its pieces come one by one. */
  stream(payload: Payload, parameters?: Record<string, unknown>): StreamedAnswer;
  /** As `stream()`, but its reader takes no piece unless it is told to. */
  unread(payload: Payload): StreamedAnswer;
}

/** A stream, as its server sees it. */
export interface StreamedAnswer {
  readonly pieces: BatchAnswer[];
  readonly ended: Promise<void>;
  /** The reader has taken so many. */
  take(count: number): void;
  cancel(): void;
}

interface StreamAsked {
  payload: Payload;
  parameters: Record<string, unknown>;
  isRead: boolean;
}

/** Starts one, and asks it to load the plugin. */
export function startModelWorker({
  memory,
  env,
  runtime = "bun",
  ...given
}: StartOptions): StartedWorker {
  const [command, ...args] = commandOf(runtime);
  let output = "";
  const child = startChild([command, ...args, "_worker", "serve"], {
    env: { ...process.env, ...env },
    output: (line) => (output += `${line}\n`),
  });
  const worker = new WorkerProcess("w0", child, systemClock);
  const statistics: Record<string, number>[] = [];
  let streams = 0;
  const call = (method: string, meta: unknown, body?: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      worker.peer.call(method, meta, body, {
        reply: (answer) => resolve(answer ?? new Uint8Array()),
        fail: (error) => reject(DingError.fromRecord(error)),
        event(name, told) {
          if (name !== WORKER_EVENTS.STATISTIC || !told) return;
          statistics.push(msgpack.decode(told) as Record<string, number>);
        },
      });
    });
  const setUp: WorkerSetUp = {
    exportName: "default",
    name: "model",
    version: "1",
    modelDir: ".",
    modelName: undefined,
    tmpDir: "/tmp",
    workerId: "w0",
    device: -1,
    gpuMemoryFraction: 0.2,
    batchSize: 8,
    ...given,
    sharedMemory: memory?.lend("w0"),
  };
  const loaded = call(WORKER_METHODS.SET_UP, setUp).then((report) => {
    worker.isReady = true;
    return msgpack.decode(report) as ModelReport;
  });
  loaded.catch(() => {});
  const streamFrom = ({ payload, parameters, isRead }: StreamAsked): StreamedAnswer => {
    const pieces: BatchAnswer[] = [];
    const ended = Promise.withResolvers<void>();
    ended.promise.catch(() => {});
    const meta: StreamMeta = { stream: ++streams, parameters, id: undefined };
    const take = (count: number): void =>
      void call(WORKER_METHODS.MORE, [meta.stream, count]).catch(() => {});
    const id = worker.peer.call(WORKER_METHODS.STREAM, meta, encodeBatch([payload], memory), {
      reply: () => ended.resolve(),
      fail: (error) => ended.reject(DingError.fromRecord(error)),
      event: (name, piece) => {
        if (name !== WORKER_EVENTS.PIECE || !piece) return;
        pieces.push(decodeAnswer(piece, memory));
        if (isRead) take(1);
      },
    });
    return { pieces, ended: ended.promise, take, cancel: () => worker.peer.cancel(id) };
  };
  return {
    process: worker,
    loaded,
    statistics,
    output: () => output,
    async infer(payloads) {
      const body = encodeBatch(payloads, memory);
      try {
        return decodeAnswer(await call(WORKER_METHODS.BATCH, null, body), memory);
      } finally {
        memory?.release(body);
      }
    },
    stream: (payload, parameters = {}) => streamFrom({ payload, parameters, isRead: true }),
    unread: (payload) => streamFrom({ payload, parameters: {}, isRead: false }),
    async [Symbol.asyncDispose]() {
      worker.stop();
      using _killer = systemClock.after(5_000, () => worker.kill());
      await worker.gone;
      await child.closed;
      memory?.takeBack("w0");
    },
  };
}

/** Items as msgpack, one payload. */
export function valuesOf(...items: unknown[]): Values {
  return { kind: "values", form: "msgpack", values: items.map((item) => msgpack.encode(item)) };
}

/** Items as JSON texts, one payload. */
export function jsonOf(...items: unknown[]): Values {
  const encoder = new TextEncoder();
  const values = items.map((item) =>
    encoder.encode(typeof item === "string" ? item : JSON.stringify(item)),
  );
  return { kind: "values", form: "json", values };
}

/** What results hold: the values of each, or the message of its error. */
export function plainResults({ results }: BatchAnswer): unknown[] {
  return results.map((result) => {
    if ("error" in result) return `${result.error.code}: ${result.error.message}`;
    if (result.kind === "tensors") return result.tensors;
    const decoder = new TextDecoder();
    return result.values.map((value) =>
      result.form === "json"
        ? (JSON.parse(decoder.decode(value)) as unknown)
        : msgpack.decode(value),
    );
  });
}
