import { expect, test } from "bun:test";
import { NetworkError } from "../../../src/core/errors.ts";
import { encodeFrame, json, msgpack } from "../../../src/protocol/codec.ts";
import { readPythonJson } from "../../../src/protocol/python-json.ts";
import { BYTES, DATE, TENSOR } from "./codec-table.ts";

const repeat = (part: number[], times: number): Uint8Array =>
  Uint8Array.from({ length: part.length * times }, (_, i) => part[i % part.length] ?? 0);

const BROKEN: Record<string, { bytes: Uint8Array; why: string }> = {
  "no bytes": { bytes: new Uint8Array(), why: "end too early" },
  "the byte 0xc1": { bytes: Uint8Array.of(0xc1), why: "0xc1 starts no value" },
  "a number cut short": { bytes: Uint8Array.of(0xcb, 1, 2), why: "end too early" },
  "one byte of an integer cut off": { bytes: Uint8Array.of(0xcc), why: "end too early" },
  "text cut short": { bytes: Uint8Array.of(0xa5, 0x61), why: "end too early" },
  "a length cut short": { bytes: Uint8Array.of(0xd9), why: "end too early" },
  "a list said to have 4 billion members": {
    bytes: Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff, 1),
    why: "end too early",
  },
  "a map said to have 4 billion members": {
    bytes: Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff, 1),
    why: "end too early",
  },
  "text said to have 4 GB": {
    bytes: Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff, 1),
    why: "end too early",
  },
  "bytes said to be 4 GB": {
    bytes: Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff, 1),
    why: "end too early",
  },
  "an extension said to be 4 GB": {
    bytes: Uint8Array.of(0xc9, 0xff, 0xff, 0xff, 0xff, 1),
    why: "end too early",
  },
  "lists that each claim all the rest": {
    bytes: repeat([0xdc, 0x40, 0x00], 20_000),
    why: "end too early",
  },
  "lists in lists, 10 million deep": { bytes: repeat([0x91], 10_000_000), why: "nested deeper" },
  "maps in maps": { bytes: repeat([0x81, 0xa1, 0x61], 1_000_000), why: "nested deeper" },
  "sets in sets": { bytes: repeat([0xd4, 0x73, 0], 1_000_000), why: "nested deeper" },
  "a value after the value": { bytes: Uint8Array.of(1, 2), why: "bytes follow the value" },
  "an extension nobody knows": {
    bytes: Uint8Array.of(0xd4, 0x55, 0),
    why: "invalid extension of type 85",
  },
  "a record of msgpackr": {
    bytes: Uint8Array.of(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1),
    why: "invalid extension of type 114",
  },
  "a pointer of msgpackr": {
    bytes: Uint8Array.of(0xd6, 0x70, 0, 0, 0, 1),
    why: "invalid extension of type 112",
  },
  "a set that is no list": {
    bytes: Uint8Array.of(0xd4, 0x73, 0, 1),
    why: "invalid extension of type 115",
  },
  "a typed array of no known type": {
    bytes: Uint8Array.of(0xc7, 2, 0x74, 99, 0, 0, 0, 0, 0, 0, 0, 0),
    why: "unknown type 99",
  },
  "a typed array cut short": {
    bytes: Uint8Array.of(0x92, 0xc7, 3, 0x74, 7, 0, 0, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0),
    why: "cut short",
  },
  "an invalid RegExp": {
    bytes: Uint8Array.of(0x92, 0xd4, 0x78, 0, 0x92, 0xa1, 0x28, 0xa0, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0),
    why: "Invalid regular expression",
  },
  "a list as a key": { bytes: Uint8Array.of(0x81, 0x90, 1), why: "neither text nor number" },
  "a tensor with too little data": {
    bytes: Buffer.from(
      "85a26e64c3a474797065a33c6634a46b696e64a0a573686170659102a464617461c4040000803f",
      "hex",
    ),
    why: 'shape [2] of "<f4" takes 8 bytes: got 4',
  },
};

for (const [name, { bytes, why }] of Object.entries(BROKEN)) {
  test(`msgpack.decode() refuses ${name}`, () => {
    let thrown: unknown;
    try {
      msgpack.decode(bytes);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(NetworkError);
    expect((thrown as NetworkError).code).toBe("network.protocol");
    expect((thrown as NetworkError).message).toContain(why);
    expect(msgpack.decode(msgpack.encode("still fine"))).toBe("still fine");
  });
}

test("msgpack.decode() ends with a value or network.protocol, whatever the bytes", () => {
  const whole = msgpack.encode([{ a: [1.5, "text", BYTES, DATE, new Set([1]), TENSOR] }]);
  let seed = 7;
  const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  for (let round = 0; round < 3_000; round++) {
    const bytes = whole.slice(0, Math.ceil(random() * whole.length));
    for (let flips = 0; flips < 3; flips++) {
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    }
    try {
      msgpack.decode(bytes);
    } catch (error) {
      expect((error as NetworkError).code).toBe("network.protocol");
    }
  }
});

test("msgpack.decode() keeps a map from changing what objects are", () => {
  const bytes = Buffer.concat([
    Uint8Array.of(0x81, 0xa9),
    Buffer.from("__proto__"),
    encodeFrame({ evil: 1 }),
  ]);
  const back = msgpack.decode(bytes) as Record<string, unknown>;
  expect(back["evil"]).toBeUndefined();
  expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
  expect(Object.entries(back)).toEqual([["__proto__", { evil: 1 }]]);
});

test("a key __proto__ comes back as it was, by msgpack and by JSON", () => {
  const text = '{"__proto__":{"evil":1},"a":[{"__proto__":2}]}';
  const value: unknown = JSON.parse(text);
  for (const codec of [msgpack, json]) {
    expect(JSON.stringify(codec.decode(codec.encode(value)))).toBe(text);
  }
  expect(JSON.stringify(readPythonJson(text.replace("2", "NaN")))).toBe(text.replace("2", "null"));
});

test.each(["constructor", "toString", "__proto__"])(
  "msgpack.decode() leaves a map alone whose type is %s, which is none of numpy's",
  (type) => {
    const map = { nd: true, type, shape: [0], data: new Uint8Array(0) };
    expect(msgpack.decode(msgpack.encode(map))).toEqual(map);
  },
);

test("msgpack.decode() reads keys that are numbers, bytes or long", () => {
  const long = "k".repeat(40);
  const bytes = Buffer.concat([
    Uint8Array.of(0x84, 0x07, 0x01, 0xc4, 0x02, 0xc3, 0xa9, 0x02, 0xd9, 40),
    Buffer.from(long),
    Uint8Array.of(0x03, 0xc0, 0x04),
  ]);
  expect(msgpack.decode(bytes)).toEqual({ 7: 1, é: 2, [long]: 3, null: 4 });
});
