import type { ModelContext, PredictContext } from "./model-plugin.ts";

/** Something that is done to a whole batch. */
export type BatchStep = (batch: unknown, ctx: PredictContext) => unknown;

/** The steps of a model, whatever form it was written in. Any of them may be async. */
export interface ModelSteps {
  /** Everything up to the model. */
  load(ctx: ModelContext): Promise<LoadedSteps>;
  /** Signatures or schemas, as they were written. */
  readonly input?: unknown;
  readonly output?: unknown;
  readonly warmup?: unknown;
  readonly maxBatchSize?: unknown;
}

/** The steps that are left when the model is loaded. */
export interface LoadedSteps {
  /** What `load` or `getModel` gave. */
  readonly model: unknown;
  readonly batching?: BatchStep | undefined;
  readonly preprocess?: BatchStep | undefined;
  readonly predict?: BatchStep | undefined;
  readonly postprocess?: BatchStep | undefined;
  readonly generate?: ((input: unknown, ctx: PredictContext) => unknown) | undefined;
  readonly close?: (() => unknown) | undefined;
}
