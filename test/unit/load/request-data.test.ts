import { expect, test } from "bun:test";
import { chanceOf } from "../../../src/load/chance.ts";
import { inferBodiesOf, rawBody } from "../../../src/load/data-file.ts";
import { inferBody } from "../../../src/load/infer-body.ts";
import type { ModelInput } from "../../../src/load/model-facts.ts";
import { binaryOf, randomTensors } from "../../../src/load/random-tensor.ts";
import { DATATYPES, type Datatype, elementsOf } from "../../../src/protocol/datatype.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const NONE: ReadonlyMap<string, number[]> = new Map();
const INPUT: ModelInput = { name: "x", datatype: "FP32", shape: [-1, 4] };

function make(inputs: ModelInput[], rows = 2, shapes = NONE): ReturnType<typeof randomTensors> {
  return randomTensors(inputs, { rows, shapes, chance: chanceOf(1) });
}

test("randomTensors() fills the batch axis, and needs to be told the others", () => {
  expect(make([INPUT])[0]?.shape).toEqual([2, 4]);
  expect(make([INPUT])[0]?.data.length).toBe(8);
  expect(make([{ ...INPUT, shape: [3, 4] }])[0]?.shape).toEqual([3, 4]);
  expect(make([{ ...INPUT, shape: [] }])[0]?.data.length).toBe(1);
  const open: ModelInput = { name: "x", datatype: "FP32", shape: [-1, 3, -1] };
  expect(() => make([open])).toThrow('Cannot make data for input "x": its shape is [-1, 3, -1]');
  expect(make([open], 2, new Map([["x", [3, 5]]]))[0]?.shape).toEqual([2, 3, 5]);
  expect(make([open], 2, new Map([["x", [7, 3, 5]]]))[0]?.shape).toEqual([7, 3, 5]);
  expect(() => make([open], 2, new Map([["y", [3]]]))).toThrow('no input "y"');
});

test("randomTensors() takes a shape for one of several inputs", () => {
  const open: ModelInput = { name: "y", datatype: "FP32", shape: [-1, -1] };
  const tensors = make([INPUT, open], 2, new Map([["y", [3]]]));
  expect(tensors.map(({ shape }) => shape)).toEqual([
    [2, 4],
    [2, 3],
  ]);
});

test.each(Object.keys(DATATYPES) as Datatype[])(
  "binaryOf() writes as many elements of %s as there are",
  (datatype) => {
    const [tensor] = make([{ name: "x", datatype, shape: [5] }]);
    if (!tensor) throw new Error("no tensor");
    const bytes = binaryOf(tensor);
    if (datatype === "BYTES") {
      expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)).toBe(8);
      expect(bytes.length).toBe(5 * 12);
    } else {
      expect(elementsOf(datatype, bytes).length).toBe(5);
    }
  },
);

test("randomTensors() makes texts that are JSON too, for models without a signature", () => {
  const [tensor] = make([{ name: "x", datatype: "BYTES", shape: [20] }]);
  for (const text of tensor?.data ?? []) {
    expect(JSON.parse(String(text))).toBeNumber();
    expect(String(text)).toHaveLength(8);
  }
  expect(new Set(tensor?.data).size).toBe(20);
});

test("binaryOf() keeps the values", () => {
  const tensor = { name: "x", shape: [3], data: [0.5, 1, 2] };
  const bytes = binaryOf({ ...tensor, datatype: "FP32" });
  expect([...new Float32Array(bytes.slice().buffer)]).toEqual([0.5, 1, 2]);
  expect([...binaryOf({ ...tensor, datatype: "BF16" })]).toEqual([0, 0x3f, 0x80, 0x3f, 0, 0x40]);
});

test("inferBody() writes a JSON request, or a binary one with its header", () => {
  const tensors = make([INPUT], 1);
  const json = inferBody(tensors, "json");
  expect(JSON.parse(Buffer.from(json.bytes).toString())).toEqual({
    inputs: [{ name: "x", shape: [1, 4], datatype: "FP32", data: tensors[0]?.data }],
  });
  const { bytes, headers } = inferBody(tensors, "binary");
  const length = Number(headers["Inference-Header-Content-Length"]);
  expect(bytes.length).toBe(length + 16);
  expect(JSON.parse(Buffer.from(bytes).toString("utf8", 0, length))).toEqual({
    inputs: [{ name: "x", shape: [1, 4], datatype: "FP32", parameters: { binary_data_size: 16 } }],
    parameters: { binary_data_output: true },
  });
});

test("inferBodiesOf() reads a request, a list of them, and inputs by name", async () => {
  await using folder = await tempFolder();
  const one = {
    inputs: [
      {
        name: "x",
        shape: [2, 2],
        datatype: "FP32",
        data: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
  };
  const file = await folder.write("one.json", one);
  const { bodies, rows } = inferBodiesOf(file, [INPUT], "json");
  expect(rows).toBe(2);
  expect(JSON.parse(Buffer.from(bodies[0]?.bytes ?? []).toString())).toEqual(one);
  expect(inferBodiesOf(file, [INPUT], "binary").bodies[0]?.bytes.slice(-16)).toEqual(
    new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
  );
  const many = await folder.write("many.json", [one, one]);
  expect(inferBodiesOf(many, [INPUT], "json").bodies.length).toBe(2);

  const named = await folder.write("named.json", {
    data: [{ x: [1, 2, 3, 4] }, { x: [5, 6, 7, 8] }],
  });
  const items = inferBodiesOf(named, [INPUT], "json");
  expect(items.bodies.length).toBe(2);
  expect(JSON.parse(Buffer.from(items.bodies[1]?.bytes ?? []).toString()).inputs[0]).toEqual({
    name: "x",
    shape: [1, 4],
    datatype: "FP32",
    data: [5, 6, 7, 8],
  });
});

test("inferBodiesOf() takes a flat list by name for one row, whose other open axis it tells", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("texts.json", { data: [{ y: [1, 2, 3] }] });
  const open: ModelInput = { name: "y", datatype: "FP32", shape: [-1, -1] };
  const { bodies, rows } = inferBodiesOf(file, [open], "json");
  const told = JSON.parse(Buffer.from(bodies[0]?.bytes ?? []).toString());
  expect(told).toMatchObject({ inputs: [{ name: "y", shape: [1, 3], data: [1, 2, 3] }] });
  expect(rows).toBe(1);
});

test("inferBodiesOf() says what is wrong with a file", async () => {
  await using folder = await tempFolder();
  const read = (path: string) => (): unknown => inferBodiesOf(path, [INPUT], "json");
  expect(read(folder.file("none.json"))).toThrow("no such file");
  expect(read(await folder.write("bad.json", "{"))).toThrow('Cannot use --data: "');
  expect(read(await folder.write("other.json", { a: 1 }))).toThrow("it has no infer request");
  expect(read(await folder.write("y.json", { data: [{ y: [1] }] }))).toThrow('an item has no "x"');
});

test("rawBody() takes the type from the file's ending, unless told", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("a.JPG", "x");
  expect(rawBody(file, undefined).headers["Content-Type"]).toBe("image/jpeg");
  expect(rawBody(file, "a/b").headers["Content-Type"]).toBe("a/b");
  expect(rawBody(await folder.write("a", "x"), undefined).headers["Content-Type"]).toBe(
    "application/octet-stream",
  );
  expect(rawBody(await folder.write("b", '{"a": 1}'), undefined).headers["Content-Type"]).toBe(
    "application/json",
  );
});
