import type { ModelContext } from "./model-plugin.ts";

/** An entry of onnxruntime's `executionProviders`. */
export type OnnxProvider = string | { readonly name: string; readonly deviceId: number };

/**
 * The execution providers of onnxruntime-node for the device that this worker got:
 * `InferenceSession.create(file, { executionProviders: onnxProviders(ctx) })`. On a GPU
 * there is no CPU behind it: a session that cannot use the GPU fails instead of being slow.
 */
export function onnxProviders({ deviceId }: Pick<ModelContext, "deviceId">): OnnxProvider[] {
  return deviceId < 0 ? ["cpu"] : [{ name: "cuda", deviceId }];
}
