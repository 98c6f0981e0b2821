import { defineModel } from "ding";
import { BENCH_MODELS, type BenchModelName } from "./serve-models.ts";

/** A model of the bench as a plugin: x [-1, floatsIn] to y [-1, floatsOut]. */
export function floatsModel(name: BenchModelName) {
  const { floatsIn, floatsOut, run } = BENCH_MODELS[name];
  return defineModel({
    input: { x: { datatype: "FP32", shape: [-1, floatsIn] } },
    output: { y: { datatype: "FP32", shape: [-1, floatsOut] } },
    predict: (_model, inputs) =>
      inputs.map(({ x }) => {
        const y = new Float32Array(floatsOut);
        run(x, y);
        return { y };
      }),
  });
}
