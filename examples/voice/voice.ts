import { createRequire } from "node:module";
import { defineModel, onnxProviders } from "ding";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { CELLS, CONTEXT, FRAME, LAYERS, STATE } from "./frame.ts";

const MODEL = createRequire(import.meta.url).resolve("@ricky0123/vad-web/dist/silero_vad_v5.onnx");

/**
 * Is somebody speaking? One frame of one stream in, the probability out, with the state that goes in with the
 * stream's next frame (zeros at its start). Frames of many streams run together: silero's voice activity detector.
 */
export default defineModel({
  input: {
    x: { datatype: "FP32", shape: [-1, CONTEXT + FRAME] },
    state: { datatype: "FP32", shape: [-1, LAYERS, CELLS] },
  },
  output: {
    speech: { datatype: "FP32", shape: [-1] },
    state: { datatype: "FP32", shape: [-1, LAYERS, CELLS] },
  },
  warmup: true,

  load: (ctx) =>
    InferenceSession.create(MODEL, {
      executionProviders: onnxProviders(ctx),
      intraOpNumThreads: 1, // several workers share the cores
    }),

  async predict(session, inputs) {
    const count = inputs.length;
    const x = new Float32Array(count * (CONTEXT + FRAME));
    // The model has its layers first, and the streams in them.
    const state = new Float32Array(count * STATE);
    for (const [index, item] of inputs.entries()) {
      x.set(item.x, index * (CONTEXT + FRAME));
      for (let layer = 0; layer < LAYERS; layer++) {
        const cells = item.state.subarray(layer * CELLS, (layer + 1) * CELLS);
        state.set(cells, (layer * count + index) * CELLS);
      }
    }
    const outputs = await session.run({
      input: new Tensor("float32", x, [count, CONTEXT + FRAME]),
      state: new Tensor("float32", state, [LAYERS, count, CELLS]),
      sr: new Tensor("int64", [16_000n], []),
    });
    const speech = outputs["output"]?.data as Float32Array;
    const next = outputs["stateN"]?.data as Float32Array;
    return inputs.map((_, index) => {
      const own = new Float32Array(STATE);
      for (let layer = 0; layer < LAYERS; layer++) {
        const from = (layer * count + index) * CELLS;
        own.set(next.subarray(from, from + CELLS), layer * CELLS);
      }
      return { speech: speech[index] as number, state: own };
    });
  },

  close: (session) => session.release(),
});
