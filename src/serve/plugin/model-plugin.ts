import type { Logger } from "../../core/log.ts";
import type { Signature } from "../../protocol/datatype.ts";
import type { NamedTensor } from "../inference.ts";
import type { StandardSchema } from "../../plugin/schema.ts";

/** What every step of a model may know and use. */
export interface ModelContext {
  /** "cpu", or "cuda:0": the GPU of --device-map is the only one that this process sees. */
  readonly device: string;
  /** -1 on the CPU; else 0, for the only GPU that this process sees. */
  readonly deviceId: number;
  readonly workerId: string;
  readonly name: string;
  readonly version: string;
  readonly modelDir: string;
  /** What --model-name says. */
  readonly modelName: string | undefined;
  readonly tmpDir: string;
  /** The most items of one call. */
  readonly batchSize: number;
  /** --gpu-memory-fraction: the share of the GPU's memory, 0 to 1, that shall be free for the model. */
  readonly gpuMemoryFraction: number;
  readonly log: Logger;
  /** Numbers for the statistics, such as `{ tokens: 12 }`; the server tells mean, least, most and last of a thousand of each. */
  readonly recordStatistic: (numbers: Readonly<Record<string, number>>) => void;
}

/** What a prediction may know besides. */
export interface PredictContext extends ModelContext {
  /** Aborts when nobody wants the answer any more. */
  readonly signal: AbortSignal;
  /** Of a stream, or empty. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** For each item the shape of its tensors without the batch axis; empty objects without a signature. */
  readonly shapes: readonly Readonly<Record<string, readonly number[]>>[];
}

/** Whole tensors in, whole tensors out. */
export type PredictTensors = (
  inputs: readonly NamedTensor[],
  rows: number,
  ctx: PredictContext,
) => readonly NamedTensor[] | Promise<readonly NamedTensor[]>;

/** A model as a worker runs it, whatever it was written as. Any function may be async. */
export interface LoadedModel {
  /** "ding_plugin", "onnxruntime_onnx". */
  readonly platform: string;
  /** What it takes and gives by tensor name; undefined when items are any value. */
  readonly input: Signature | undefined;
  readonly output: Signature | undefined;
  /** Check each item, and say what it becomes. */
  readonly inputSchema?: StandardSchema | undefined;
  readonly outputSchema?: StandardSchema | undefined;
  /** The most that it takes at a time; undefined when any batch will do. */
  readonly maxBatchSize?: number | undefined;
  /** Items in, as many outputs out. One of `predict` and `predictTensors` is there. */
  readonly predict?: ((inputs: unknown[], ctx: PredictContext) => unknown) | undefined;
  /**
   * Whole tensors in, whole tensors out, first axis `rows`: for models with both signatures.
   * Items whose variable axes differ come in calls of their own. The bytes are only valid until it ends.
   */
  readonly predictTensors?: PredictTensors | undefined;
  /** One item in, the pieces of its answer out. */
  readonly generate?: ((input: unknown, ctx: PredictContext) => AsyncIterable<unknown>) | undefined;
  /** Runs once after loading; what it throws is a failure to load. */
  readonly warmUp?: ((warmer: Warmer) => unknown) | undefined;
  /** Runs when the worker stops in order. */
  readonly close?: (() => unknown) | undefined;
}

/** How a model warms up: as requests would run, with all checks. */
export interface Warmer {
  readonly batchSize: number;
  /** One batch of these items; rejects when one of them fails. */
  run(items: readonly unknown[]): Promise<void>;
  /** An item of zeros; throws when the signature does not fix its shape. */
  zeros(): Record<string, unknown>;
  /** For steps of the model itself. */
  readonly ctx: PredictContext;
}

/** What a plugin file gives: a model that can be loaded once, in the process and on the device it will run on. */
export interface ModelPlugin {
  load(ctx: ModelContext): LoadedModel | Promise<LoadedModel>;
}
