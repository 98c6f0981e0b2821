import type { DingError } from "../core/errors.ts";
import type { AbortNotice } from "../core/lazy-abort.ts";
import type { Datatype, Signature } from "../protocol/datatype.ts";

/** Some rows of a tensor, as the Open Inference Protocol's binary form has them. */
export interface NamedTensor {
  readonly name: string;
  readonly datatype: Datatype;
  /** The first axis is the rows. */
  readonly shape: readonly number[];
  /** Little-endian, row-major; BYTES as u32 length + bytes each. */
  readonly data: Uint8Array;
}

/** Items for models without a signature, or items by tensor name for models with one: encoded values, each an item. */
export interface Values {
  readonly kind: "values";
  readonly form: "msgpack" | "json";
  readonly values: readonly Uint8Array[];
}

/** Items for models with a signature. */
export interface Tensors {
  readonly kind: "tensors";
  readonly rows: number;
  readonly tensors: readonly NamedTensor[];
}

/** What goes into a model, and in the same kind and form what comes out. */
export type Payload = Values | Tensors;

/** One request to a model; its items may run in several batches. */
export interface InferRequest {
  readonly payload: Payload;
  /** Told in traces and logs, and echoed. */
  readonly id?: string | undefined;
  /** Who asks: requests of different clients are served in turns. */
  readonly client: string;
  /** 1 is served first; 0 or none is the model's default. */
  readonly priority?: number | undefined;
  /** How long it may wait and run; late items leave the queue. */
  readonly timeoutMs?: number | undefined;
  /** The client is gone, or has thought better of it. */
  readonly signal?: AbortNotice | undefined;
  /** The W3C header of that name, for traces. */
  readonly traceparent?: string | undefined;
  /** For the plugin, as `ctx.parameters` of a stream. */
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

/** What came out, and how. */
export interface Inference {
  readonly payload: Payload;
  /** From the arrival to the first worker. */
  readonly queueMs: number;
  /** In `predict`, of the slowest batch of this request. */
  readonly computeMs: number;
}

/** How a request ended. */
export type InferEnd = { readonly inference: Inference } | { readonly error: DingError };

/** Where a model is in its life. */
export type ModelState = "LOADING" | "READY" | "UNLOADING" | "UNAVAILABLE";

/** What may be told of a model. */
export interface ModelFacts {
  readonly name: string;
  readonly version: string;
  readonly state: ModelState;
  /** Why it is unavailable; empty when it is not. */
  readonly reason: string;
  /** "ding_plugin", "onnxruntime_onnx". */
  readonly platform: string;
  /** The largest batch. */
  readonly batchSize: number;
  /** Undefined when items are any value. */
  readonly input: Signature | undefined;
  readonly output: Signature | undefined;
  /** Does it answer piece by piece? */
  readonly streams: boolean;
  /** Does it answer at once too? It does if nothing is said. */
  readonly predicts?: boolean | undefined;
  /** JSON Schemas of items where the plugin gives zod schemas instead of signatures. */
  readonly inputSchema?: unknown;
  readonly outputSchema?: unknown;
}

/** One version of a model that is served. */
export interface ServedModel {
  readonly facts: ModelFacts;
  /**
   * Rejects with a DingError: queue.full (details.retryAfterMs), service.stopping, task.timed-out, task.cancelled,
   * usage.invalid-input (with the path of the fault), task.failed, worker.exited, state.invalid while it is not ready.
   */
  infer(request: InferRequest): Promise<Inference>;
  /** As `infer`, for those who are told in the same turn; perhaps before it returns. `done` must not throw. */
  ask?(request: InferRequest, done: (end: InferEnd) => void): void;
  /** The pieces of one item's answer; leaving the loop cancels the rest. */
  stream(request: InferRequest): AsyncIterable<Payload>;
}

/** The models of a server, as the faces see them. */
export interface Models {
  /** Every version, also those that are not ready. */
  list(): ModelFacts[];
  /** Without a version the one that is served by default; without a name the only one. Throws http.not-found. */
  get(name?: string, version?: string): ServedModel;
  /** Loads, or loads again: the old one serves until the new one is ready. Rejects and keeps the old one when it fails. */
  load(name: string, options?: { version?: string | undefined }): Promise<void>;
  /** Takes no new requests, finishes what runs, and lets go. */
  unload(name: string, options?: { version?: string | undefined }): Promise<void>;
}
