import { expect, test } from "bun:test";
import {
  elementsFault,
  elementStarts,
  joinElements,
  splitElements,
  textElements,
} from "../../../src/protocol/bytes-elements.ts";

const TEXTS = ["", "abc", "é", "\u{1f600}", "a\0b", "", "z".repeat(300)];
const encoder = new TextEncoder();
const parts = TEXTS.map((text) => encoder.encode(text));

test("joinElements() writes a little-endian u32 length before each element", () => {
  const bytes = joinElements([Uint8Array.of(7), new Uint8Array(), new Uint8Array(258)]);
  expect([...bytes.subarray(0, 13)]).toEqual([1, 0, 0, 0, 7, 0, 0, 0, 0, 2, 1, 0, 0]);
  expect(bytes.length).toBe(5 + 4 + 4 + 258);
});

test("splitElements() gives what joinElements() was given, also out of the middle of a buffer", () => {
  const joined = joinElements(parts);
  const within = new Uint8Array(joined.length + 10);
  within.set(joined, 5);
  expect(splitElements(within.subarray(5, 5 + joined.length))).toEqual(parts);
});

test("textElements() writes texts as joinElements() does their UTF-8, half a surrogate pair too", () => {
  expect(textElements(TEXTS)).toEqual(joinElements(parts));
  const half = "a\ud800b";
  expect(textElements([half])).toEqual(joinElements([encoder.encode(half)]));
});

test("elementStarts() finds each element and the end of the last, whatever it is asked again", () => {
  const bytes = joinElements(parts.slice(0, 3));
  expect([...elementStarts(bytes)]).toEqual([0, 4, 11, 17]);
  expect(elementStarts(bytes)).toBe(elementStarts(bytes));
  expect([...elementStarts(new Uint8Array())]).toEqual([0]);
});

const CUT_SHORT = [
  { name: "a length without its bytes", bytes: [1, 0, 0, 0] },
  { name: "a length beyond all bytes", bytes: [255, 255, 255, 255, 1] },
  { name: "half a length", bytes: [0, 0] },
];
test.each(CUT_SHORT)("elementStarts() refuses $name", ({ bytes }) => {
  const read = () => elementStarts(Uint8Array.from(bytes));
  expect(read).toThrow("Cannot read BYTES elements: element 0 is cut short");
});

test("elementsFault() says nothing of as many elements as there shall be, and else what is wrong", () => {
  const bytes = joinElements(parts);
  expect(elementsFault(bytes, parts.length)).toBeUndefined();
  expect(elementsFault(bytes, parts.length - 1)).toBe("304 bytes follow the last element");
  expect(elementsFault(bytes, parts.length + 1)).toBe(
    `it ends before the length of element ${parts.length}`,
  );
  expect(elementsFault(bytes.subarray(0, bytes.length - 1), parts.length)).toBe(
    `element ${parts.length - 1} says that it has 300 bytes, 299 are left`,
  );
});
