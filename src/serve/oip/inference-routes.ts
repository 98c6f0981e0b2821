import { generate, generateStream } from "./generate.ts";
import { infer, type OipContext } from "./infer.ts";
import { MODEL_PATHS, type Routes } from "./mount.ts";

/** Inference: tensors, one item by the names of its inputs, and that piece by piece. */
export function mountInference({ post }: Routes, context: OipContext): void {
  for (const path of MODEL_PATHS) {
    post(`${path}/infer`, (asked) => infer(context, asked));
    post(`${path}/generate`, (asked) => generate(context, asked));
    post(`${path}/generate_stream`, (asked) => generateStream(context, asked));
  }
}
