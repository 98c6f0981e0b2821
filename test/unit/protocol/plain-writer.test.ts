import { expect, test } from "bun:test";
import { decodeFrames, encodeFrame, msgpack } from "../../../src/protocol/codec.ts";
import { PlainWriter } from "../../../src/protocol/plain-writer.ts";
import { Chance } from "../../support/chance.ts";

const ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
];
const TEXTS = ["", "x", "a key", "ü", "日本語", "😀", "x".repeat(31), "ä".repeat(31)];
const NUMBERS = [0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 0.5, Number.NaN];

function one<T>(chance: Chance, of: readonly T[]): T {
  return of[Math.floor(chance.next() * of.length)] as T;
}

function numberBy(chance: Chance): number {
  const number = one(chance, NUMBERS);
  return chance.next() < 0.5 && number !== 0 ? -number : number;
}

function arrayBy(chance: Chance): unknown {
  const length = Math.floor(chance.next() * (chance.next() < 0.1 ? 2_000 : 20));
  const array = new (one(chance, ARRAYS))(length).fill(chance.next() * 200 - 100);
  return chance.next() < 0.3 ? array.subarray(Math.min(1, length)) : array;
}

function valueBy(chance: Chance, depth: number): unknown {
  const size = (): number => Math.floor(chance.next() * (chance.next() < 0.05 ? 40 : 5));
  const kind = chance.next() * (depth > 3 ? 5 : 7);
  if (kind < 2) return numberBy(chance);
  if (kind < 3) return one(chance, TEXTS);
  if (kind < 4) return one(chance, [null, true, false, undefined, 2n ** 70n, new Date(5)]);
  if (kind < 5) return arrayBy(chance);
  if (kind < 6) return Array.from({ length: size() }, () => valueBy(chance, depth + 1));
  const entries = Array.from({ length: size() }, (_, index): [string, unknown] => [
    `${index}${one(chance, TEXTS)}`,
    valueBy(chance, depth + 1),
  ]);
  return Object.fromEntries(entries);
}

test("encodeFrame() writes what is plain and what is not so that the same comes back", () => {
  const chance = new Chance(11);
  for (let count = 0; count < 5_000; count++) {
    const value = valueBy(chance, 0);
    const bytes = encodeFrame(value);
    expect(bytes.byteLength).toBe(bytes.buffer.byteLength);
    expect(msgpack.decode(bytes)).toStrictEqual(value);
    let back: unknown;
    decodeFrames(bytes, (one) => (back = one));
    expect(back).toStrictEqual(value);
  }
});

test("encodeFrame() keeps whole numbers whole", () => {
  expect([...encodeFrame([-1, -32, -33, -128, -129, -32_769])]).toEqual([
    0x96, 0xff, 0xe0, 0xd0, 0xdf, 0xd0, 0x80, 0xd1, 0xff, 0x7f, 0xd2, 0xff, 0xff, 0x7f, 0xff,
  ]);
});

test("encodeFrame() may be used by a getter of what it writes, and tells of one that throws", () => {
  const value = {
    before: 1,
    get inner() {
      return encodeFrame({ deep: [1, 2] });
    },
    after: "x",
  };
  expect(msgpack.decode(encodeFrame(value))).toEqual({ ...value });
  const broken = {
    get inner() {
      throw new Error("no luck");
    },
  };
  expect(() => encodeFrame(broken)).toThrow("no luck");
  expect(msgpack.decode(encodeFrame({ a: 1 }))).toEqual({ a: 1 });
});

test("PlainWriter leaves to the codec what it has no room for", () => {
  const writer = new PlainWriter(new Uint8Array(64));
  expect(writer.write({ a: new Uint8Array(40) }, 0)).toBeGreaterThan(40);
  expect(writer.write({ a: new Uint8Array(80) }, 0)).toBe(-1);
  expect(writer.write({ a: new Float64Array(8) }, 0)).toBe(-1);
  expect(writer.write("x".repeat(80), 0)).toBe(-1);
});

test("encodeFrame() refuses memory that was given away, and writes what is empty", () => {
  for (const given of [new Uint8Array(8), new Float32Array(2)]) {
    given.buffer.transfer();
    expect(() => encodeFrame({ given })).toThrow("Cannot encode value as msgpack");
    const empty = {
      empty: given.constructor === Uint8Array ? new Uint8Array() : new Float32Array(),
    };
    expect(msgpack.decode(encodeFrame(empty))).toStrictEqual(empty);
  }
});
