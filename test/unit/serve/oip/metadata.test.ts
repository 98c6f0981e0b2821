import { describe, expect, test } from "bun:test";
import type { ModelFacts, Models } from "../../../../src/serve/inference.ts";
import { modelConfig, modelMetadata, repositoryIndex } from "../../../../src/serve/oip/metadata.ts";
import { ModelFaces } from "../../../../src/serve/oip/model-face.ts";

const facts: ModelFacts = {
  name: "m",
  version: "1",
  state: "READY",
  reason: "",
  platform: "onnxruntime_onnx",
  batchSize: 8,
  input: {
    x: { datatype: "FP32", shape: [-1, 3, -1] },
    text: { datatype: "BYTES", shape: [-1] },
    state: { datatype: "BF16", shape: [-1, 2, 128], axis: 1 },
    rate: { datatype: "INT64", shape: [-1], axis: null },
  },
  output: { y: { datatype: "FP32", shape: [-1, 1] } },
  streams: true,
};
const others = [
  { ...facts, version: "2", state: "LOADING" as const },
  { ...facts, name: "other", state: "UNAVAILABLE" as const, reason: "it is broken" },
];
const models = { list: () => [facts, ...others] } as unknown as Models;
const face = new ModelFaces().of(facts);

describe("modelMetadata()", () => {
  test("tells versions, inputs and outputs with the rows where clients see them", () => {
    const unloaded = { ...facts, version: "3", state: "UNAVAILABLE" };
    const list = () => [...models.list(), unloaded];
    expect(modelMetadata(facts, face, { list } as unknown as Models)).toEqual({
      name: "m",
      versions: ["1", "2"],
      platform: "onnxruntime_onnx",
      inputs: [
        { name: "x", datatype: "FP32", shape: [-1, 3, -1] },
        { name: "text", datatype: "BYTES", shape: [-1] },
        { name: "state", datatype: "BF16", shape: [2, -1, 128] },
        { name: "rate", datatype: "INT64", shape: [] },
      ],
      outputs: [{ name: "y", datatype: "FP32", shape: [-1, 1] }],
    });
  });
});

describe("modelConfig()", () => {
  test("says the same in the words of Triton's configuration", () => {
    expect(modelConfig(facts, face)).toEqual({
      name: "m",
      platform: "onnxruntime_onnx",
      backend: "onnxruntime",
      version_policy: { specific: { versions: ["1"] } },
      max_batch_size: 8,
      input: [
        { name: "x", data_type: "TYPE_FP32", dims: [3, -1] },
        { name: "text", data_type: "TYPE_STRING", dims: [1] },
        { name: "state", data_type: "TYPE_BF16", dims: [2, -1, 128] },
        { name: "rate", data_type: "TYPE_INT64", dims: [1] },
      ],
      output: [{ name: "y", data_type: "TYPE_FP32", dims: [1] }],
      model_transaction_policy: { decoupled: true },
    });
  });
});

describe("repositoryIndex()", () => {
  test("tells every version, or only those that are ready", () => {
    expect(repositoryIndex(models, { isReadyOnly: false })).toEqual([
      { name: "m", version: "1", state: "READY", reason: "" },
      { name: "m", version: "2", state: "LOADING", reason: "" },
      { name: "other", version: "1", state: "UNAVAILABLE", reason: "it is broken" },
    ]);
    expect(repositoryIndex(models, { isReadyOnly: true })).toHaveLength(1);
  });
});

describe("ModelFaces", () => {
  test("makes a face once, one of texts without both signatures, and none before the model was loaded", () => {
    const faces = new ModelFaces();
    expect(faces.of({ ...facts })).toBe(faces.of(facts));
    const half = faces.of({ ...facts, output: undefined });
    expect(half).toMatchObject({
      isAnyValue: true,
      inputs: [{ name: "input", datatype: "BYTES" }],
    });
    const unloaded = { ...facts, state: "LOADING", reason: "soon", platform: "" } as const;
    expect(() => faces.of(unloaded)).toThrow('Cannot ask model "m": it is LOADING: soon');
  });
});
