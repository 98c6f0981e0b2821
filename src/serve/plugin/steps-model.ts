import { DingError } from "../../core/errors.ts";
import type { Signature } from "../../protocol/datatype.ts";
import type { LoadedModel, ModelPlugin, PredictContext } from "./model-plugin.ts";
import { outputList, settled } from "./outputs.ts";
import { after, type Soon } from "../soon.ts";
import { isSchema, type StandardSchema } from "../../plugin/schema.ts";
import { fixedBatch, signatureFault, withFreeBatch } from "./signature.ts";
import type { LoadedSteps, ModelSteps } from "./steps.ts";
import { runWarmUp } from "./warm-up.ts";

const PLATFORM = "ding_plugin";

/** What is known of a model's input or output. */
interface Described {
  readonly signature: Signature | undefined;
  readonly schema: StandardSchema | undefined;
}

/** A model of the steps that a plugin has written; throws plugin.invalid when its description is none. */
export function stepsModel(steps: ModelSteps, path: string): ModelPlugin {
  const input = described(steps.input, "input", path);
  const output = described(steps.output, "output", path);
  const maxBatchSize = mostItems(steps.maxBatchSize, [input, output], path);
  return {
    async load(ctx): Promise<LoadedModel> {
      const loaded = await steps.load(ctx);
      const { predict, generate } = loaded;
      if (!predict && !generate) throw noAnswerError(path);
      return {
        platform: PLATFORM,
        input: input.signature && withFreeBatch(input.signature),
        output: output.signature && withFreeBatch(output.signature),
        inputSchema: input.schema,
        outputSchema: output.schema,
        maxBatchSize,
        predict: predict && ((inputs, batchCtx) => predictBatch(loaded, inputs, batchCtx)),
        generate: generate && ((item, itemCtx) => piecesOf(generate(item, itemCtx))),
        warmUp: (warmer) => runWarmUp(steps.warmup, loaded.model, warmer),
        close: loaded.close,
      };
    },
  };
}

/** Nobody could ask it anything. */
function noAnswerError(path: string): DingError {
  const message = `Cannot use plugin "${path}": it has neither predict nor generate`;
  return new DingError("plugin.invalid", message, {
    hint: "Write predict(model, inputs, ctx), which gives an output for each input.",
    details: { path },
  });
}

function predictBatch(
  steps: LoadedSteps,
  inputs: readonly unknown[],
  ctx: PredictContext,
): Soon<readonly unknown[]> {
  const { predict, postprocess } = steps;
  // Now: the model's code may take its inputs off the list as it goes.
  const count = inputs.length;
  const isPrepared = !steps.batching && !steps.preprocess;
  const batch = isPrepared ? inputs : preparedBatch(steps, inputs, ctx);
  return after(batch, (prepared) => {
    const outputs = outputList(predict?.(prepared, ctx), count, "predict");
    if (!postprocess) return outputs;
    return after(outputs, (all) => outputList(postprocess(all, ctx), count, "postprocess"));
  });
}

async function preparedBatch(
  { batching, preprocess }: LoadedSteps,
  inputs: readonly unknown[],
  ctx: PredictContext,
): Promise<unknown> {
  let batch: unknown = inputs;
  if (batching) batch = await settled(await batching(batch, ctx));
  if (preprocess) batch = await settled(await preprocess(batch, ctx));
  return batch;
}

/** Whatever `generate` gave, piece by piece. */
async function* piecesOf(given: unknown): AsyncGenerator<unknown, void, undefined> {
  const pieces = await (given as Promise<unknown>);
  const iterable = pieces as Partial<AsyncIterable<unknown> & Iterable<unknown>> | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] !== "function" && !isIterable(iterable)) {
    const message = "Cannot use what generate returned: it is nothing that can be iterated";
    throw new DingError("task.invalid-result", message, {
      hint: "Write it as an async generator: async *generate(model, input, ctx) { yield … }",
    });
  }
  yield* iterable as AsyncIterable<unknown>;
}

function isIterable(value: Partial<Iterable<unknown>> | undefined): boolean {
  return typeof value === "object" && typeof value[Symbol.iterator] === "function";
}

function described(given: unknown, what: string, path: string): Described {
  if (given === undefined) return { signature: undefined, schema: undefined };
  if (isSchema(given)) return { signature: undefined, schema: given };
  const fault = signatureFault(given);
  if (fault === undefined) return { signature: given as Signature, schema: undefined };
  throw new DingError(
    "plugin.invalid",
    `Cannot use plugin "${path}": its ${what} is wrong: ${fault}`,
    {
      hint: `Give tensors by name, ${what}: { x: { datatype: "FP32", shape: [-1, 2] } }, or a schema such as zod's.`,
      details: { path },
    },
  );
}

function mostItems(given: unknown, parts: readonly Described[], path: string): number | undefined {
  if (given !== undefined && !(Number.isSafeInteger(given) && (given as number) > 0)) {
    const why = "its maxBatchSize is no whole number above 0";
    throw new DingError("plugin.invalid", `Cannot use plugin "${path}": ${why}`, {
      details: { path },
    });
  }
  const fixed = parts.map(({ signature }) => fixedBatch(signature));
  const limits = [given as number | undefined, ...fixed].filter((one) => one !== undefined);
  return limits.length > 0 ? Math.min(...limits) : undefined;
}
