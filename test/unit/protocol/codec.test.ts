import { expect, test } from "bun:test";
import { decodeFrames, encodeFrame, json, msgpack } from "../../../src/protocol/codec.ts";
import { BYTES, TABLE, TENSOR } from "./codec-table.ts";

for (const [name, row] of Object.entries(TABLE)) {
  test(`msgpack.decode() gives back ${name}`, () => {
    const back = row.msgpack ? row.msgpack.back : row.value;
    expect(msgpack.decode(msgpack.encode(row.value))).toStrictEqual(back);
    expect(msgpack.decode(msgpack.encode({ inside: [row.value] }))).toStrictEqual({
      inside: [back],
    });
  });

  test(`decodeFrames() gives back ${name} beside others`, () => {
    const frame = Buffer.concat([encodeFrame("x"), encodeFrame(row.value), encodeFrame(1)]);
    const back: unknown[] = [];
    decodeFrames(frame, (value) => back.push(value));
    expect(back).toStrictEqual(["x", row.msgpack ? row.msgpack.back : row.value, 1]);
  });

  test(`json.decode() gives back ${name}`, () => {
    const back = json.decode(json.encode(row.value));
    expect(back).toEqual(row.json ? row.json.back : row.value);
    expect(json.decode(json.encode({ at: 1, inside: [row.value] }))).toEqual({
      at: 1,
      inside: [back],
    });
  });
}

test("msgpack.decode() gives back a Date that is none", () => {
  const back = msgpack.decode(msgpack.encode(new Date(Number.NaN)));
  expect(back).toBeInstanceOf(Date);
  expect(Number(back)).toBeNaN();
  expect(json.decode(json.encode([new Date(Number.NaN)]))).toEqual([null]);
});

test("msgpack.encode() writes byte strings as every language reads them", () => {
  expect([...msgpack.encode(Uint8Array.of(1, 2))]).toEqual([0xc4, 2, 1, 2]);
});

test("msgpack.encode() gives bytes that are the caller's own, to the end of their buffer", () => {
  const first = msgpack.encode([1, "a"]);
  const copy = [...first];
  const second = msgpack.encode(["another", BYTES]);
  expect(first.buffer.byteLength).toBe(first.length);
  expect(first.buffer).not.toBe(second.buffer);
  expect([...first]).toEqual(copy);
});

test("msgpack.decode() shares no memory with its bytes", () => {
  const value = { bytes: BYTES, numbers: Float32Array.of(1), tensor: TENSOR };
  const bytes = msgpack.encode(value);
  const back = msgpack.decode(bytes);
  bytes.fill(0xff);
  expect(back).toStrictEqual(value);
});

test("decodeFrames() gives views where it can, copies where elements would not lie right", () => {
  for (let offset = 0; offset < 9; offset++) {
    const bytes = encodeFrame(["x".repeat(offset), BYTES, Float64Array.of(1, 2), TENSOR]);
    let back: unknown[] = [];
    decodeFrames(bytes, (value) => (back = value as unknown[]));
    expect(back).toStrictEqual(["x".repeat(offset), BYTES, Float64Array.of(1, 2), TENSOR]);
    expect((back[1] as Uint8Array).buffer).toBe(bytes.buffer);
  }
});

test("decodeFrames() may be used inside its own callback", () => {
  const seen: unknown[] = [];
  decodeFrames(encodeFrame(encodeFrame({ inner: 1 })), (outer) =>
    decodeFrames(outer as Uint8Array, (inner) => seen.push(inner, msgpack.decode(encodeFrame(2)))),
  );
  expect(seen).toEqual([{ inner: 1 }, 2]);
});

test("decodeFrames() gives the messages before broken bytes, then throws", () => {
  const seen: unknown[] = [];
  const bytes = Buffer.concat([encodeFrame(1), encodeFrame("two"), Uint8Array.of(0xc1)]);
  expect(() => decodeFrames(bytes, (value) => seen.push(value))).toThrow("0xc1 starts no value");
  expect(seen).toEqual([1, "two"]);
});

test("decodeFrames() lets an error of its callback through as it is", () => {
  const mine = new RangeError("mine");
  const run = (): void =>
    decodeFrames(encodeFrame(1), () => {
      throw mine;
    });
  expect(run).toThrow(mine);
});

const circle: Record<string, unknown> = { list: [1] };
circle["list"] = [{ back: circle }];

for (const { name, codec } of [
  { name: "msgpack", codec: msgpack },
  { name: "json", codec: json },
]) {
  test(`${name}.encode() says where a value cannot travel, and goes on working`, () => {
    expect(() => codec.encode({ a: [{ run: () => 1 }] })).toThrow('"a.0.run" is a function');
    expect(() => codec.encode({ a: Symbol("s") })).toThrow('"a" is a symbol');
    expect(() => codec.encode({ circle })).toThrow('"circle.list.0.back" contains itself');
    expect(() => codec.encode(() => 1)).toThrow("the value is a function");
    expect(codec.decode(codec.encode({ a: 1 }))).toEqual({ a: 1 });
  });
}

test("msgpack.encode() does not take a promise for an empty object", () => {
  const forgotten = (async () => 1)();
  expect(() => msgpack.encode({ sum: [forgotten] })).toThrow('"sum.0" is a promise');
  expect(() => msgpack.encode(forgotten)).toThrow("the value is a promise");
});

test("no codec takes what has its bytes elsewhere for an empty object", () => {
  for (const codec of [msgpack, json]) {
    expect(() => codec.encode({ image: new Blob(["x"]) })).toThrow('"image" is a Blob that nobody');
    expect(() => codec.encode([new Response("x")])).toThrow(
      '"0" is a Response that nobody has read',
    );
    expect(() => codec.encode(new FormData())).toThrow("the value is a FormData that nobody");
  }
});

test("json.decode() refuses what is no JSON or no UTF-8", () => {
  expect(() => json.decode(Buffer.from("{"))).toThrow("Cannot decode JSON");
  expect(() => json.decode(Uint8Array.of(0x22, 0xff, 0x22))).toThrow("Cannot decode JSON");
  expect(() => json.decode(Buffer.from("NaN"))).toThrow("Cannot decode JSON");
});
