import { expect, test } from "bun:test";
import { planBatch } from "../../../../src/serve/onnx/batch-plan.ts";
import type { OnnxValue } from "../../../../src/serve/onnx/values.ts";

type Shape = (number | string)[];

function values(shapes: readonly Shape[]): OnnxValue[] {
  return shapes.map((shape, index) => ({
    name: `t${index}`,
    datatype: "FP32",
    axes: shape.map((size) => (typeof size === "string" ? { size: -1, symbol: size } : { size })),
  }));
}

interface Row {
  name: string;
  inputs: Shape[];
  outputs: Shape[];
  plan: Partial<ReturnType<typeof planBatch>>;
}

const any = { maxRows: undefined, isFixed: false };
const ROWS: Row[] = [
  {
    name: "one dynamic first axis, the same name in the output",
    inputs: [["batch", 3]],
    outputs: [["batch", 2]],
    plan: { ...any, inputs: [0], outputs: [0], isGuess: false },
  },
  {
    name: "no names: first axes of any size, and the only one behind a fixed one",
    inputs: [["", ""], [2, "", 128], []],
    outputs: [
      ["", 1],
      ["", "", ""],
    ],
    plan: { ...any, inputs: [0, 1, undefined], outputs: [0, 0], isGuess: true },
  },
  {
    name: "names that an exporter made up, a new one for each axis",
    inputs: [["dim.0", 3, 48, "dim.1"]],
    outputs: [["dim.2", "dim.3", 6625]],
    plan: { ...any, inputs: [0], outputs: [0], isGuess: true },
  },
  {
    name: "the batch has a name and is not first",
    inputs: [
      ["time", "batch", 4],
      [2, "batch", 8],
    ],
    outputs: [["time", "batch", 1]],
    plan: { ...any, inputs: [1, 1], outputs: [1], isGuess: false },
  },
  {
    name: "a length on a first axis is no batch",
    inputs: [["batch_size", "seq"], ["seq"], [1, "seq"]],
    outputs: [["batch_size", "seq", 10]],
    plan: { ...any, inputs: [0, undefined, undefined], outputs: [0], isGuess: false },
  },
  {
    name: "a length that stands beside a batch without a telling name",
    inputs: [["x", "seq"], ["seq"], ["y", 3]],
    outputs: [["x", 10]],
    plan: { ...any, inputs: [0, undefined, 0], outputs: [0], isGuess: false },
  },
  {
    name: "all fixed, one row",
    inputs: [[1, 3, 224, 224]],
    outputs: [[1, 1000]],
    plan: { maxRows: 1, isFixed: true, inputs: [0], outputs: [0] },
  },
  {
    name: "all fixed, eight rows, with a table that is shared",
    inputs: [
      [8, 4],
      [5, 5],
    ],
    outputs: [[8, 2], [8]],
    plan: { maxRows: 8, isFixed: true, inputs: [0, undefined], outputs: [0, 0] },
  },
  {
    name: "all fixed, and the outputs have no such first axis",
    inputs: [[3, 224, 224]],
    outputs: [[1000]],
    plan: { maxRows: 1, isFixed: true, inputs: [undefined], outputs: [undefined] },
  },
  {
    name: "no inputs with axes",
    inputs: [[]],
    outputs: [[]],
    plan: { maxRows: 1, isFixed: true, inputs: [undefined], outputs: [undefined] },
  },
];

for (const { name, inputs, outputs, plan } of ROWS) {
  test(`planBatch() of ${name}`, () => {
    expect(planBatch(values(inputs), values(outputs))).toMatchObject(plan);
  });
}
