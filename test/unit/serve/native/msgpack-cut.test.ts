import { expect, test } from "bun:test";
import { NetworkError } from "../../../../src/core/errors.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import { Tensor } from "../../../../src/protocol/tensor.ts";
import { MsgpackCutter } from "../../../../src/serve/native/msgpack-cut.ts";
import { Chance } from "../../../support/chance.ts";

const VALUES: unknown[] = [
  null,
  true,
  false,
  0,
  127,
  128,
  -1,
  -33,
  -40_000,
  65_536,
  2 ** 40,
  -(2 ** 40),
  1.5,
  12n ** 30n,
  "",
  "short",
  "x".repeat(40),
  "x".repeat(300),
  "ü".repeat(70_000),
  new Uint8Array(3),
  new Uint8Array(300),
  new Uint8Array(70_000),
  [],
  [1, [2, [3]]],
  Array.from({ length: 20 }, (_, index) => index),
  Array.from({ length: 70_000 }, () => 1),
  {},
  { a: 1, b: { c: [1] } },
  Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index])),
  new Float32Array([1, 2, 3]),
  new Float64Array(1_000),
  new Tensor(new Float32Array(6), [2, 3]),
  new Set([1, "two", [3]]),
  new Error("no"),
  /a+/g,
  new Date(1_700_000_000_123),
  undefined,
  [new Set([1]), new Error("x"), 5],
];

test("endOf() finds the end of every kind of value, whatever follows", () => {
  for (const value of VALUES) {
    const bytes = msgpack.encode(value);
    const more = new Uint8Array(bytes.length + 3);
    more.set(bytes);
    expect([value, new MsgpackCutter(more).endOf(0)]).toEqual([value, bytes.length]);
  }
});

test("members() gives the places of a list's elements and of a map's keys and values", () => {
  const list = msgpack.encode(VALUES);
  const cut = new MsgpackCutter(list).members(0);
  expect(cut?.kind).toBe("list");
  expect(cut?.end).toBe(list.length);
  const ends = [...(cut?.starts.slice(1) ?? []), list.length];
  const parts = cut?.starts.map((start, index) => list.slice(start, ends[index])) ?? [];
  expect(parts.map((part) => [...part])).toEqual(VALUES.map((one) => [...msgpack.encode(one)]));

  const map = new MsgpackCutter(msgpack.encode({ a: [1, 2], b: "x" })).members(0);
  expect(map?.kind).toBe("map");
  expect(map?.starts).toHaveLength(4);
  expect(new MsgpackCutter(msgpack.encode(5)).members(0)).toBeUndefined();
});

test("endOf() refuses bytes that end too early, at every place", () => {
  const bytes = msgpack.encode(VALUES.slice(0, 16).concat(VALUES.slice(29)));
  for (let length = 0; length < bytes.length; length += 1 + (length >> 3)) {
    const cutter = new MsgpackCutter(bytes.subarray(0, length));
    expect(() => cutter.endOf(0)).toThrow(NetworkError);
  }
});

test("endOf() refuses a nest that is too deep, lying lengths, and a token that starts nothing", () => {
  const deep = new Uint8Array(100_000).fill(0x91);
  expect(() => new MsgpackCutter(deep).endOf(0)).toThrow(/nested deeper/);
  for (const lie of [
    [0xdd, 0xff, 0xff, 0xff, 0xff],
    [0xdf, 0xff, 0xff, 0xff, 0xff],
    [0xc6, 0xff, 0xff, 0xff, 0xff],
    [0xdb, 0x7f, 0xff, 0xff, 0xff],
    [0xc9, 0xff, 0xff, 0xff, 0xff, 0x01],
  ]) {
    expect(() => new MsgpackCutter(Uint8Array.from(lie)).endOf(0)).toThrow(/end too early/);
    expect(() => new MsgpackCutter(Uint8Array.from(lie)).members(0)).not.toThrow(RangeError);
  }
  expect(() => new MsgpackCutter(Uint8Array.of(0xc1)).endOf(0)).toThrow(/starts no value/);
});

test("endOf() answers random bytes with a place or a NetworkError, nothing else", () => {
  const chance = new Chance(7);
  for (let round = 0; round < 3_000; round++) {
    const bytes = Uint8Array.from({ length: chance.integer(1, 60) }, () => chance.integer(0, 255));
    try {
      expect(new MsgpackCutter(bytes).endOf(0)).toBeLessThanOrEqual(bytes.length);
    } catch (thrown) {
      if (!(thrown instanceof NetworkError)) throw thrown;
    }
  }
});
