import { expect, test } from "bun:test";
import { DATATYPES, type Datatype } from "../../../../src/protocol/datatype.ts";
import { Tensor } from "../../../../src/protocol/tensor.ts";
import type { NamedTensor, Tensors } from "../../../../src/serve/inference.ts";
import { jsonOf, plainResults, startModelWorker, valuesOf } from "../../../support/model-worker.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const NUMERIC = (Object.keys(DATATYPES) as Datatype[]).filter((name) => name !== "BYTES");

/** A model that gives back every tensor, and says what the code got them in. */
const PLUGIN = `
import { defineModel } from "ding";
const spec = (datatype) => ({ datatype, shape: [-1, 3] });
const input = Object.fromEntries(${JSON.stringify(NUMERIC)}.map((name) => [name, spec(name)]));
export default defineModel({
  input: { ...input, BYTES: spec("BYTES"), TEXT: { ...spec("BYTES"), as: "text" } },
  output: { ...input, BYTES: spec("BYTES"), TEXT: spec("BYTES"), kinds: { datatype: "BYTES", shape: [-1, -1] } },
  predict: (_model, inputs) => inputs.map((item) => ({
    ...item,
    kinds: Object.values(item).map((one) => one.constructor.name + (Array.isArray(one) ? " of " + one[0].constructor.name : "")),
  })),
});
`;

const KINDS =
  "Uint8Array,Uint8Array,Uint16Array,Uint32Array,BigUint64Array,Int8Array,Int16Array,Int32Array,BigInt64Array,Float16Array,Float32Array,Float32Array,Float64Array,Array of Uint8Array,Array of String".split(
    ",",
  );

function bytesData(texts: readonly string[]): Uint8Array {
  const parts = texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [Buffer.from(Uint32Array.of(bytes.length).buffer), bytes];
  });
  return new Uint8Array(Buffer.concat(parts));
}

function numericTensor(datatype: Datatype, rows: number): NamedTensor {
  const length = rows * 3 * DATATYPES[datatype].bytes;
  const data = Uint8Array.from({ length }, (_, index) =>
    datatype === "BOOL" ? index % 2 : (index * 7) % 60,
  );
  return { name: datatype, datatype, shape: [rows, 3], data };
}

function payload(rows: number, first: number): Tensors {
  const texts = Array.from({ length: rows * 3 }, (_, index) => `é${first + index}`);
  const bytes = { datatype: "BYTES" as const, shape: [rows, 3], data: bytesData(texts) };
  const tensors = [
    ...NUMERIC.map((datatype) => numericTensor(datatype, rows)),
    { name: "BYTES", ...bytes },
    { name: "TEXT", ...bytes },
  ];
  return { kind: "tensors", rows, tensors };
}

test("every datatype comes to the code in its own arrays, and goes back as it came", async () => {
  await using folder = await tempFolder();
  await using worker = startModelWorker({ plugin: await folder.write("echo.ts", PLUGIN) });
  await worker.loaded;
  const payloads = [payload(1, 0), payload(2, 100), payload(1, 200)];
  const { results } = await worker.infer(payloads);
  for (const [index, result] of results.entries()) {
    if ("error" in result || result.kind !== "tensors") throw new Error(JSON.stringify(result));
    const { rows, tensors } = payloads[index] as Tensors;
    const kinds = { name: "kinds", datatype: "BYTES" as const, shape: [rows, KINDS.length] };
    const told = { ...kinds, data: bytesData(Array.from({ length: rows }, () => KINDS).flat()) };
    expect(result).toEqual({ kind: "tensors", rows, tensors: [...tensors, told] });
  }
});

test("values become tensors by name, and outputs typed arrays, in JSON lists", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write(
    "sum.ts",
    `export default {
      input: { x: { datatype: "FP32", shape: [-1, 2, 2] }, n: { datatype: "INT64", shape: [-1] } },
      output: {
        y: { datatype: "FP32", shape: [-1, 2] },
        n: { datatype: "INT64", shape: [-1] },
        isOdd: { datatype: "BOOL", shape: [-1, 1] },
      },
      predict: (_model, inputs) => inputs.map(({ x, n }) => (
        { y: [x[0] + x[1], x[2] + x[3]], n: n[0] * 2n, isOdd: [n[0] % 2n === 1n], more: 1 }
      )),
    };`,
  );
  await using worker = startModelWorker({ plugin });
  await worker.loaded;
  const answer = await worker.infer([
    jsonOf(
      {
        x: [
          [1, 2],
          [3, 4],
        ],
        n: 5,
      },
      { x: [1, 2, 3, 4], n: "9007199254740993" },
      '{ "x": [1, 2, 3, 1234567890123456789], "n": -4611686018427387903 }',
    ),
    valuesOf(
      { x: Float32Array.of(1, 2, 3, 4), n: 5n },
      { x: new Tensor(Float64Array.of(5, 6, 7, 8), [2, 2]), n: [6] },
    ),
    jsonOf({ x: [[1, 2], [3]], n: 5 }),
    jsonOf([1, 2]),
    valuesOf({ x: [1, 2, 3, 4], n: 1 }, { x: [1, 2, 3, 4] }),
  ]);
  expect(plainResults(answer)).toEqual([
    [
      { y: [3, 7], n: [10], isOdd: [true] },
      { y: [3, 7], n: [JSON.parse("18014398509481986") as number], isOdd: [true] },
      {
        y: [3, Math.fround(1.2345678901234568e18)],
        n: [JSON.parse("-9223372036854775806") as number],
        isOdd: [false],
      },
    ],
    [
      { y: Float32Array.of(3, 7), n: BigInt64Array.of(10n), isOdd: Uint8Array.of(1) },
      { y: Float32Array.of(11, 15), n: BigInt64Array.of(12n), isOdd: Uint8Array.of(0) },
    ],
    'usage.invalid-input: Cannot use input: "x.1": a list of 2 is needed: got a list of 1',
    'usage.invalid-input: Cannot use input: an object with "x", "n" is needed: got a list of 2',
    'usage.invalid-input: Cannot use input: "n": it is missing',
  ]);
  const details = answer.results.map((result) => ("error" in result ? result.error.details : null));
  const message = "a list of 2 is needed: got a list of 1";
  expect(details[2]).toEqual({ faults: [{ path: "x.1", message }] });
  expect(details[4]).toEqual({
    faults: [{ path: "n", message: "it is missing" }],
    item: 1,
  });
});

test("tensors that the model does not take fail alone, naming what is wrong with each", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write(
    "pair.ts",
    `export default {
      input: { x: { datatype: "FP32", shape: [-1, 2] }, s: { datatype: "BYTES", shape: [-1] } },
      predict: (_model, inputs) => inputs.map(() => ({ ok: true })),
    };`,
  );
  await using worker = startModelWorker({ plugin });
  await worker.loaded;
  const x: NamedTensor = { name: "x", datatype: "FP32", shape: [1, 2], data: new Uint8Array(8) };
  const s: NamedTensor = { name: "s", datatype: "BYTES", shape: [1], data: bytesData(["a"]) };
  const of = (...tensors: NamedTensor[]): Tensors => ({ kind: "tensors", rows: 1, tensors });
  const { results } = await worker.infer([
    of(x, s),
    of(s, x),
    of({ ...x, datatype: "INT32" }, s),
    of({ ...x, shape: [1, 3], data: new Uint8Array(12) }, s),
    of(x),
    of(x, s, { ...x, name: "z" }),
    of(x, { ...s, data: Uint8Array.of(9, 0, 0, 0, 1) }),
    of(x, { ...s, data: bytesData(["a", "b"]) }),
    of({ ...x, data: new Uint8Array(7) }, s),
    of({ ...x, shape: [2, 1] }, s),
  ]);
  expect(results.map((result) => ("error" in result ? result.error.message : "ok"))).toEqual([
    "ok",
    "ok",
    'Cannot use input: "x": FP32 is needed: got INT32',
    'Cannot use input: "x": shape [-1, 2] is needed: got [1, 3]',
    'Cannot use input: "s": it is missing',
    'Cannot use input: "z": the model has no such input: it takes "x", "s"',
    'Cannot use input: "s": shape [1] holds 1 elements: got one that is cut short',
    'Cannot use input: "s": shape [1] holds 1 elements: got 2',
    'Cannot use input: "x": shape [1, 2] of FP32 takes 8 bytes: got 7',
    'Cannot use input: "x": shape [2, 1] has 2 rows: 1 are needed',
  ]);
  const codes = results.map((result) => ("error" in result ? result.error.code : "ok"));
  expect(new Set(codes.slice(2))).toEqual(new Set(["usage.invalid-input"]));
});

test("a model that says nothing of its tensors gets and gives them as they are", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write(
    "any.ts",
    `export default (inputs) => inputs.map(({ x, s }) => ({ twice: x.map((one) => one * 2), list: [1, 2], s: s ?? ["é"] }));`,
  );
  await using worker = startModelWorker({ plugin });
  await worker.loaded;
  const x: NamedTensor = {
    name: "x",
    datatype: "INT16",
    shape: [1, 2],
    data: new Uint8Array(Int16Array.of(3, 4).buffer),
  };
  const answer = await worker.infer([{ kind: "tensors", rows: 1, tensors: [x] }]);
  expect(plainResults(answer)).toEqual([
    [
      {
        name: "twice",
        datatype: "INT16",
        shape: [1, 2],
        data: new Uint8Array(Int16Array.of(6, 8).buffer),
      },
      {
        name: "list",
        datatype: "FP64",
        shape: [1, 2],
        data: new Uint8Array(Float64Array.of(1, 2).buffer),
      },
      { name: "s", datatype: "BYTES", shape: [1, 1], data: bytesData(["é"]) },
    ],
  ]);
});
