import type { PluginRoutes } from "./plugin-routes.ts";
import type { Description, InputItem, OutputItem, WarmItem } from "./item-shape.ts";
import type { ModelContext, PredictContext } from "./model-plugin.ts";

/** Outputs, one for each item; in a list they may be promises. */
type Outputs<Output> = readonly (Output | Promise<Output>)[] | ArrayLike<Output>;

/**
 * A model in short. `input` and `output` are tensors by name, first axis the
 * batch, or schemas of an item (zod, or any Standard Schema); without them
 * items are any value. Any function may be async. `predict` or `generate` is needed.
 */
export interface ModelDefinition<
  Model = undefined,
  Input extends Description = undefined,
  Output extends Description = undefined,
> {
  readonly input?: Input;
  readonly output?: Output;
  /** Runs once in each worker, on its device; what it gives is the first argument of all others. */
  readonly load?: (ctx: ModelContext) => Model | Promise<Model>;
  /**
   * 1 to batchSize items in, as many outputs out. Large arrays of an input are only
   * valid until `predict` has ended: `slice()` what is kept longer. When it throws for
   * several items they are tried again in halves, so that only the bad ones fail.
   */
  readonly predict?: (
    model: Model,
    inputs: InputItem<Input>[],
    ctx: PredictContext,
  ) => Outputs<OutputItem<Output>> | Promise<Outputs<OutputItem<Output>>>;
  /** One item in, the pieces of its answer out; when the reader leaves, `ctx.signal` aborts and the generator is returned. */
  readonly generate?: (
    model: Model,
    input: InputItem<Input>,
    ctx: PredictContext,
  ) => AsyncIterable<OutputItem<Output>> | Iterable<OutputItem<Output>>;
  /** Makes of the items what `predict` gets as its inputs. */
  readonly batching?: (inputs: InputItem<Input>[], ctx: PredictContext) => unknown;
  /**
   * What runs before the model is ready, with all checks: `true` for items of zeros, alone and as a
   * full batch; one item, likewise; a list of items; or a function, whose result may be any of these.
   * Without it nothing runs. What fails here is a model that does not load.
   */
  readonly warmup?:
    | boolean
    | WarmItem<Input>
    | readonly WarmItem<Input>[]
    | ((model: Model, ctx: PredictContext) => unknown);
  /** Runs when the worker stops in order; it has 3 seconds. */
  readonly close?: (model: Model) => unknown;
  /** Adds routes of its own to the server, behind all others; they run in the server's process, without `load`. */
  readonly routes?: PluginRoutes;
  /** The most items of a call, where that is less than --batch-size. */
  readonly maxBatchSize?: number;
}

/** Says that an object is a model, and has its types checked. */
export function defineModel<
  Model = undefined,
  const Input extends Description = undefined,
  const Output extends Description = undefined,
>(definition: ModelDefinition<Model, Input, Output>): ModelDefinition<Model, Input, Output> {
  return definition;
}
