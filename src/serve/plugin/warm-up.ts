import type { Warmer } from "./model-plugin.ts";

/** A warm-up as it is written: what it means is said at `ModelDefinition.warmup`. */
export type WarmUpFunction = (model: unknown, ctx: Warmer["ctx"]) => unknown;

/** A full batch shows what the first one costs; more than this shows nothing new. */
const MOST_WARM_ITEMS = 64;

/** Runs a warm-up in any of its forms; rejects with what fails. */
export async function runWarmUp(given: unknown, model: unknown, warmer: Warmer): Promise<void> {
  if (given === undefined || given === null || given === false) return;
  if (typeof given === "function") {
    const result: unknown = await (given as WarmUpFunction)(model, warmer.ctx);
    return runWarmUp(typeof result === "function" ? undefined : result, model, warmer);
  }
  if (Array.isArray(given)) return runItems(given, warmer);
  const item = given === true ? warmer.zeros() : given;
  await warmer.run([item]);
  const count = Math.min(warmer.batchSize, MOST_WARM_ITEMS);
  if (count > 1) await warmer.run(Array.from({ length: count }, () => item));
}

/** The first alone, and all in batches. */
async function runItems(items: readonly unknown[], warmer: Warmer): Promise<void> {
  if (items.length === 0) return;
  await warmer.run(items.slice(0, 1));
  if (items.length === 1 || warmer.batchSize === 1) {
    for (const item of items.slice(1)) await warmer.run([item]);
    return;
  }
  for (let from = 0; from < items.length; from += warmer.batchSize) {
    await warmer.run(items.slice(from, from + warmer.batchSize));
  }
}
