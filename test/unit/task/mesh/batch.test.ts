import { expect, test } from "bun:test";
import { decodeFrames, msgpack } from "../../../../src/protocol/codec.ts";
import { BATCH_BYTES, BatchWriter } from "../../../../src/task/mesh/batch.ts";
import { Tensor } from "../../../../src/protocol/tensor.ts";

function valuesOf(body: Uint8Array): unknown[] {
  const values: unknown[] = [];
  // What is put between for alignment is skipped by whoever reads.
  decodeFrames(body, (value) => void (value !== null && values.push(value)));
  return values;
}

const long = "ä".repeat(40);

test.each([
  [[null, true, false, undefined]],
  [[0, 1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53, -1, -32, -33, -129]],
  [[0.5, -1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300]],
  [
    [
      "",
      "a",
      "x".repeat(31),
      "x".repeat(32),
      "y".repeat(255),
      "z".repeat(256),
      "ü",
      "日本語",
      "😀",
    ],
  ],
  [
    [
      long,
      "ä".repeat(100),
      "ä".repeat(200),
      "x".repeat(30_000),
      `${"x".repeat(84)}ä`,
      "ä".repeat(10),
    ],
  ],
  [
    [
      new Uint8Array(0),
      new Uint8Array([1, 2]),
      new Uint8Array(300).fill(7),
      new Uint8Array(70_000),
    ],
  ],
  [[{ a: { b: [1, { c: "d" }] }, "": 0 }, [], {}, [[[]]]]],
  [[new Map([["a", 1]]), new Set([1]), new Date(5), 10n, new Float32Array([1, 2]), [undefined]]],
  [[Array.from({ length: 20 }, (_, index) => index), { [long]: 1 }]],
  [[new Tensor(new Float32Array([1, 2, 3, 4]), [2, 2])]],
])("BatchWriter writes what the codec reads: case %#", (args) => {
  const writer = new BatchWriter();
  writer.addEvent("x", args);
  writer.addEvent("x", []);
  writer.addEvent("y", args);
  const { body, count } = writer.take();
  const same = msgpack.decode(msgpack.encode(args));
  expect([count, valuesOf(body)]).toEqual([3, ["x", same, [], "y", same]]);
  expect(writer.isEmpty).toBe(true);
});

test("addEvent() leaves nothing of what cannot travel", () => {
  const writer = new BatchWriter();
  writer.addEvent("x", [1]);
  for (const args of [[() => {}], [{ a: Symbol("no") }], [new Uint8Array(64 * 1024 * 1024)]]) {
    expect(() => writer.addEvent("y", args)).toThrow();
  }
  writer.addEvent("x", [2]);
  expect(valuesOf(writer.take().body)).toEqual(["x", [1], [2]]);
});

test("addEvent() writes once what is another thing each time that it is read", () => {
  const writer = new BatchWriter();
  let reads = 0;
  const fickle = {
    get a(): unknown {
      return reads++ === 0 ? new Map() : 1;
    },
  };
  writer.addEvent("x", [fickle]);
  expect(valuesOf(writer.take().body)).toEqual(["x", [{ a: 1 }]]);
});

test.each([
  [[new Map([[{ a: 1 }, 2]])], 'event "y": "0" is a Map whose keys are neither texts nor numbers'],
  [[nested(1_000)], 'event "y": it is nested deeper than 1000 levels'],
  [[() => {}], 'event "y": "0" is a function'],
  [[{ a: Promise.resolve(1) }], 'event "y": "0.a" is a promise that nobody has awaited'],
  [[new Uint8Array(64 * 1024 * 1024)], 'event "y": it takes 671088'],
])("addEvent() refuses what others could not read, and names it: case %#", (args, told) => {
  const writer = new BatchWriter();
  expect(() => writer.addEvent("y", args)).toThrow(`Cannot emit ${told}`);
  writer.addEvent("y", [
    nested(999),
    new Map<unknown, number>([
      [1n, 2],
      ["a", 3],
      [null, 4],
    ]),
  ]);
  expect(valuesOf(writer.take().body)).toHaveLength(2);
});

function nested(levels: number): unknown {
  return levels === 0 ? 1 : [nested(levels - 1)];
}

test("addEvent() writes the same with little room as with much", () => {
  const writer = new BatchWriter();
  const expected: unknown[] = ["x"];
  for (let count = 0; writer.bytes < BATCH_BYTES; count++) {
    const args = [count, "t".repeat(count % 97), new Uint8Array(count % 41), { count }];
    writer.addEvent("x", args);
    expected.push(args);
  }
  const args = ["s".repeat(15_000), "e".repeat(1_000), new Uint8Array(100_000)];
  writer.addEvent("x", args);
  expect(valuesOf(writer.take().body)).toEqual([...expected, args]);
});

test("take() puts a large array where its elements can be read in place", () => {
  for (let before = 0; before < 17; before++) {
    const writer = new BatchWriter();
    writer.addEvent("x", ["y".repeat(before), new Float64Array(10_000).fill(before)]);
    const { body } = writer.take(() => before);
    const frame = new Uint8Array(before + body.length);
    frame.set(body, before);
    const args = valuesOf(frame.subarray(before)).at(-1) as [string, Float64Array];
    expect(args[1].buffer).toBe(frame.buffer);
    expect(args[1].every((element) => element === before)).toBe(true);
  }
});

test("reuse() makes the next large batch be written where an earlier one was; what is left from before is not sent", () => {
  const writer = new BatchWriter();
  const bodyOf = (args: unknown[]): { body: Uint8Array; memory: Uint8Array<ArrayBuffer> } => {
    writer.addEvent("x", args);
    const { body, memory } = writer.take();
    if (!memory) throw new Error("no memory to be used again");
    return { body, memory };
  };
  const first = bodyOf([new Uint8Array(1_000_000).fill(1)]);
  writer.reuse(first.memory);
  const args = [new Float32Array(200_000).fill(2)];
  const second = bodyOf(args);
  expect(second.memory).toBe(first.memory);
  expect(valuesOf(second.body)).toEqual(["x", args]);
  expect(bodyOf(args).memory).not.toBe(first.memory);
  const small = new BatchWriter();
  small.addEvent("x", []);
  expect(small.take().memory).toBeUndefined();
});
