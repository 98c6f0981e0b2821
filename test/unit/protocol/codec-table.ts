import { Tensor } from "../../../src/protocol/tensor.ts";

class Point {
  readonly x = 1;
  readonly y = 2;
}

const LONG = "long ".repeat(100_000);
const EMOJI = "naïve 日本語 👩‍👩‍👧 𝄞";
export const DATE = new Date(1_700_000_000_123);
export const BYTES = Uint8Array.from({ length: 300 }, (_, i) => i);
const HUGE = 12345678901234567890123456789012345678901234567890n;
const MANY_KEYS = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`key ${i}`, i]));
export const TENSOR = new Tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);

/** A value, and what becomes of it. */
export interface Row {
  value: unknown;
  /** What comes back, where that is not the value itself. */
  msgpack?: { back: unknown };
  json?: { back: unknown };
}

/** What a codec must carry. */
export const TABLE: Record<string, Row> = {
  "0": { value: 0 },
  '""': { value: "" },
  "[]": { value: [] },
  "{}": { value: {} },
  false: { value: false },
  true: { value: true },
  null: { value: null },
  undefined: { value: undefined, json: { back: null } },
  "undefined inside": {
    value: { a: undefined, b: [undefined, 1] },
    json: { back: { b: [null, 1] } },
  },
  NaN: { value: Number.NaN, json: { back: null } },
  Infinity: { value: [Infinity, -Infinity], json: { back: [null, null] } },
  "-0": { value: -0, msgpack: { back: 0 }, json: { back: 0 } },
  "small integers": { value: [127, 128, 255, 256, 65_535, 65_536, -32, -33, -128, -129, -32_769] },
  "32 bits": { value: [2 ** 31, 2 ** 32 - 1, -(2 ** 31)] },
  "2^53": { value: [2 ** 53, -(2 ** 53), 2 ** 40 + 1] },
  doubles: { value: [0.1, 1e-300, -1.5, 1e300] },
  "BigInt of 64 bits": {
    value: [1n, 2n ** 53n - 1n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 64n - 1n],
    msgpack: { back: [1, 2 ** 53 - 1, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 64n - 1n] },
    json: { back: [1, 2 ** 53 - 1, 2 ** 53, -(2 ** 63), 2 ** 64] },
  },
  "BigInt beyond": { value: [HUGE, -HUGE], json: { back: [Number(HUGE), -Number(HUGE)] } },
  "short text": { value: ["a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh"] },
  "short text beyond ASCII": { value: ["é", "aé", "abé", "abcé", "abcdé", "abcdeé"] },
  emoji: { value: EMOJI },
  "long text": { value: LONG },
  "long text beyond ASCII": { value: EMOJI.repeat(5_000) },
  Date: { value: DATE, json: { back: DATE.toISOString() } },
  "Dates far away": {
    value: [new Date(-1), new Date(8.64e15), new Date(0), new Date(2 ** 33 * 1000)],
    json: {
      back: [
        "1969-12-31T23:59:59.999Z",
        "+275760-09-13T00:00:00.000Z",
        "1970-01-01T00:00:00.000Z",
        "2242-03-16T12:56:32.000Z",
      ],
    },
  },
  Map: {
    value: new Map<unknown, unknown>([
      ["a", 1],
      [2, "b"],
    ]),
    msgpack: { back: { a: 1, 2: "b" } },
    json: { back: { a: 1, 2: "b" } },
  },
  Set: { value: new Set([1, "two"]), json: { back: [1, "two"] } },
  Error: {
    value: new RangeError("too far", { cause: "wind" }),
    json: { back: { name: "RangeError", message: "too far" } },
  },
  RegExp: { value: /a+b/gi, json: { back: {} } },
  Uint8Array: { value: BYTES, json: { back: [...BYTES] } },
  "Uint8Array, empty": { value: new Uint8Array(), json: { back: [] } },
  "Uint8Array, part": { value: BYTES.subarray(7, 10), json: { back: [7, 8, 9] } },
  "Uint8Array, 64 KiB": {
    value: new Uint8Array(65_536).fill(7),
    json: { back: Array.from({ length: 65_536 }, () => 7) },
  },
  Buffer: {
    value: Buffer.from("ab"),
    msgpack: { back: Uint8Array.of(97, 98) },
    json: { back: [97, 98] },
  },
  Int8Array: { value: Int8Array.of(-1, 2), json: { back: [-1, 2] } },
  Uint8ClampedArray: { value: Uint8ClampedArray.of(0, 255), json: { back: [0, 255] } },
  Int16Array: { value: Int16Array.of(-300, 2), json: { back: [-300, 2] } },
  Uint16Array: { value: Uint16Array.of(65_535), json: { back: [65_535] } },
  Int32Array: { value: Int32Array.of(-(2 ** 31)), json: { back: [-(2 ** 31)] } },
  Uint32Array: { value: Uint32Array.of(2 ** 32 - 1), json: { back: [2 ** 32 - 1] } },
  Float16Array: {
    value: [Float16Array.of(1.5, Number.NaN, -0), new Float16Array(40_000), new Float16Array()],
    json: { back: [[1.5, null, 0], Array<number>(40_000).fill(0), []] },
  },
  Float32Array: { value: Float32Array.of(1.5, Number.NaN), json: { back: [1.5, null] } },
  Float64Array: { value: Float64Array.of(0.1, -0, Infinity), json: { back: [0.1, 0, null] } },
  BigInt64Array: { value: BigInt64Array.of(-(2n ** 63n)), json: { back: [-(2 ** 63)] } },
  BigUint64Array: { value: BigUint64Array.of(2n ** 63n), json: { back: [2 ** 63] } },
  "part of a Float64Array": {
    value: Float64Array.of(1, 2, 3, 4).subarray(1, 3),
    json: { back: [2, 3] },
  },
  ArrayBuffer: { value: Uint8Array.of(1, 2).buffer, json: { back: [1, 2] } },
  DataView: { value: new DataView(Uint8Array.of(1, 2, 3).buffer, 1), json: { back: [2, 3] } },
  Tensor: {
    value: TENSOR,
    json: {
      back: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    },
  },
  "Tensor of 64-bit integers": {
    value: new Tensor(BigInt64Array.of(1n, -2n), [2, 1]),
    json: { back: [[1], [-2]] },
  },
  "Tensor without dimensions": {
    value: new Tensor(Float64Array.of(2.5), []),
    json: { back: 2.5 },
  },
  "Tensor of booleans": {
    value: new Tensor(Uint8Array.of(1, 0), [2], "|b1"),
    json: { back: [1, 0] },
  },
  "empty Tensor": { value: new Tensor(new Float32Array(), [2, 0]), json: { back: [[], []] } },
  "Tensor of many dimensions": {
    value: new Tensor(
      Int8Array.of(9),
      Array.from({ length: 17 }, () => 1),
    ),
    json: { back: JSON.parse(`${"[".repeat(17)}9${"]".repeat(17)}`) },
  },
  nested: {
    value: { a: [{ b: new Set([{ c: [1, [2, [3, {}]]] }]) }] },
    json: { back: { a: [{ b: [{ c: [1, [2, [3, {}]]] }] }] } },
  },
  "an object of a class": {
    value: { at: new Point() },
    msgpack: { back: { at: { x: 1, y: 2 } } },
    json: { back: { at: { x: 1, y: 2 } } },
  },
  "an object without prototype": {
    value: Object.assign(Object.create(null), { a: 1 }),
    msgpack: { back: { a: 1 } },
    json: { back: { a: 1 } },
  },
  "toJSON()": {
    value: { url: new URL("http://h/p") },
    msgpack: { back: { url: "http://h/p" } },
    json: { back: { url: "http://h/p" } },
  },
  "70,000 keys": { value: MANY_KEYS },
  "a list of 70,000": { value: Array.from({ length: 70_000 }, (_, i) => i) },
  "a list of doubles": { value: Array.from({ length: 1_000 }, (_, i) => i / 7) },
  "the key nd": { value: { nd: true, data: "x" } },
  "a list with a hole": {
    value: Object.assign([], { 1: "b" }),
    msgpack: { back: [undefined, "b"] },
    json: { back: [null, "b"] },
  },
};
