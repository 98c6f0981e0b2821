import type { ModelDefinition } from "./define-model.ts";
import type { LoadedSteps, ModelSteps } from "./steps.ts";

/** The steps of a `defineModel`; the functions are called as its methods. */
export function definitionSteps(definition: ModelDefinition<unknown>): ModelSteps {
  const { input, output, warmup, maxBatchSize } = definition;
  return {
    input,
    output,
    warmup,
    maxBatchSize,
    async load(ctx): Promise<LoadedSteps> {
      const model = await definition.load?.(ctx);
      const { predict, generate, batching, close } = definition;
      return {
        model,
        batching:
          batching && ((items, batchCtx) => definition.batching?.(items as never, batchCtx)),
        predict:
          predict && ((inputs, batchCtx) => definition.predict?.(model, inputs as never, batchCtx)),
        generate:
          generate && ((item, itemCtx) => definition.generate?.(model, item as never, itemCtx)),
        close: close && (() => definition.close?.(model)),
      };
    },
  };
}
