import { expect, test } from "bun:test";
import { json, msgpack } from "../../../src/protocol/codec.ts";
import { Tensor } from "../../../src/protocol/tensor.ts";

/** msgpack-numpy 0.4.8 under Python 3.11 wrote these; where `same`, ours writes the very same bytes. */
const PYTHON: Record<string, { bytes: string; value: unknown; same?: true }> = {
  'np.arange(6, dtype="<f4").reshape(2, 3)': {
    bytes:
      "85c4026e64c3c40474797065a33c6634c4046b696e64c400c4057368617065920203c40464617461c418000000000000803f0000004000004040000080400000a040",
    value: new Tensor(Float32Array.of(0, 1, 2, 3, 4, 5), [2, 3]),
    same: true,
  },
  '{"x": np.array([1, -2, 2**40], dtype="<i8")}': {
    bytes:
      "81a17885c4026e64c3c40474797065a33c6938c4046b696e64c400c40573686170659103c40464617461c4180100000000000000feffffffffffffff0000000000010000",
    value: { x: new Tensor(BigInt64Array.of(1n, -2n, 2n ** 40n)) },
    same: true,
  },
  "np.array([[True], [False]])": {
    bytes:
      "85c4026e64c3c40474797065a37c6231c4046b696e64c400c4057368617065920201c40464617461c4020100",
    value: new Tensor(Uint8Array.of(1, 0), [2, 1], "|b1"),
    same: true,
  },
  "np.array(1.5)": {
    bytes:
      "85c4026e64c3c40474797065a33c6638c4046b696e64c400c405736861706590c40464617461c408000000000000f83f",
    value: new Tensor(Float64Array.of(1.5), []),
    same: true,
  },
  'np.array([], dtype="<f4").reshape(0, 3)': {
    bytes: "85c4026e64c3c40474797065a33c6634c4046b696e64c400c4057368617065920003c40464617461c400",
    value: new Tensor(new Float32Array(), [0, 3]),
    same: true,
  },
  'np.array([1.5, -2], dtype="<f2")': {
    bytes:
      "85c4026e64c3c40474797065a33c6632c4046b696e64c400c40573686170659102c40464617461c404003e00c0",
    value: new Tensor(Float16Array.of(1.5, -2)),
    same: true,
  },
  'np.array([1, 258], dtype=">i2")': {
    bytes:
      "85c4026e64c3c40474797065a33e6932c4046b696e64c400c40573686170659102c40464617461c40400010102",
    value: new Tensor(Int16Array.of(1, 258)),
  },
  "the same with text as keys": {
    bytes: "85a26e64c3a474797065a33c6634a46b696e64a0a573686170659101a464617461c4040000803f",
    value: new Tensor(Float32Array.of(1)),
  },
  "np.float32(0.25)": {
    bytes: "83c4026e64c2c40474797065a33c6634c40464617461c4040000803e",
    value: 0.25,
  },
  "np.int64(-5)": {
    bytes: "83c4026e64c2c40474797065a33c6938c40464617461c408fbffffffffffffff",
    value: -5,
  },
  "np.bool_(True)": {
    bytes: "83c4026e64c2c40474797065a37c6231c40464617461c40101",
    value: true,
  },
  'np.array(["ab", "c"]), which has no number type': {
    bytes:
      "85c4026e64c3c40474797065a33c5532c4046b696e64c400c40573686170659102c40464617461c41061000000620000006300000000000000",
    value: {
      nd: true,
      type: "<U2",
      kind: new Uint8Array(),
      shape: [2],
      data: Uint8Array.of(97, 0, 0, 0, 98, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0, 0),
    },
  },
  "1+2j": {
    bytes: "82c407636f6d706c6578c3c40464617461a628312b326a29",
    value: { complex: true, data: "(1+2j)" },
  },
};

for (const [name, { bytes, value, same }] of Object.entries(PYTHON)) {
  test(`msgpack.decode() reads Python's ${name}`, () => {
    expect(msgpack.decode(Buffer.from(bytes, "hex"))).toStrictEqual(value);
    if (same) expect(Buffer.from(msgpack.encode(value)).toString("hex")).toBe(bytes);
  });
}

test("Tensor takes its dtype from its data, and its shape to be flat", () => {
  const { dtype, shape } = new Tensor(Int16Array.of(1, 2, 3));
  expect(dtype).toBe("<i2");
  expect(shape).toEqual([3]);
  expect(new Tensor(Buffer.from("ab")).dtype).toBe("|u1");
  expect(new Tensor(Uint8ClampedArray.of(1)).dtype).toBe("|u1");
});

const UNFIT: Record<string, () => Tensor> = {
  "shape [2] holds 2 elements: data has 3": () => new Tensor(Int8Array.of(1, 2, 3), [2]),
  'dtype "<f4" does not fit Float64Array': () => new Tensor(Float64Array.of(1), [1], "<f4"),
  'dtype "<c8" does not fit Float64Array': () => new Tensor(Float64Array.of(1), [1], "<c8"),
  "shape [-1, -1] must be of whole numbers, 0 or more": () => new Tensor(Int8Array.of(1), [-1, -1]),
};

for (const [why, make] of Object.entries(UNFIT)) {
  test(`Tensor refuses: ${why}`, () => expect(make).toThrow(`Cannot use tensor: ${why}`));
}

test("toArray() gives lists in lists, and refuses to make a billion empty ones", () => {
  const tensor = new Tensor(Float32Array.of(1, 2, 3, 4), [2, 1, 2]);
  expect(tensor.toArray()).toEqual([[[1, 2]], [[3, 4]]]);
  expect(json.decode(json.encode({ tensor }))).toEqual({ tensor: [[[1, 2]], [[3, 4]]] });
  expect(() => new Tensor(new Int8Array(), [1e9, 0]).toArray()).toThrow("too large for lists");
});
