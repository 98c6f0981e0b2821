import { expect, test } from "bun:test";
import { DingError } from "../../../src/core/errors.ts";
import { readPythonJson, writePythonJson } from "../../../src/protocol/python-json.ts";
import { Tensor } from "../../../src/protocol/tensor.ts";

const WRITTEN: [value: unknown, text: string][] = [
  [undefined, "null"],
  [null, "null"],
  [0, "0"],
  ["", '""'],
  [false, "false"],
  [{ a: [1, "b", null] }, '{"a":[1,"b",null]}'],
  [Number.NaN, "NaN"],
  [[Infinity, -Infinity, 1.5], "[Infinity,-Infinity,1.5]"],
  [{ loss: Number.NaN, text: 'NaN "x"', gone: undefined }, '{"loss":NaN,"text":"NaN \\"x\\""}'],
  [Float32Array.of(1, Number.NaN), "[1,NaN]"],
  [{ bytes: Uint8Array.of(0, 255) }, '{"bytes":[0,255]}'],
  [2n ** 70n, "1180591620717411303424"],
  [new Set([1]), "[1]"],
  [new Map([[1, { a: Infinity }]]), '{"1":{"a":Infinity}}'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [new Tensor(Float64Array.of(1, Number.NaN), [2, 1]), "[[1],[NaN]]"],
  [new TypeError("no"), '{"name":"TypeError","message":"no"}'],
  [new DingError("task.failed", "no"), '{"code":"task.failed","message":"no"}'],
];

for (const [value, text] of WRITTEN) {
  test(`writePythonJson() writes ${text}`, () => expect(writePythonJson(value)).toBe(text));
}

const circle: { self?: unknown } = {};
circle.self = [circle];

const REFUSED: [value: unknown, why: string][] = [
  [{ a: { b: circle } }, '"a.b.self.0" contains itself'],
  [[1, () => 1], '"1" is a function'],
  [{ s: Symbol("x") }, '"s" is a symbol'],
  [new Map([["k", () => 1]]), '"k" is a function'],
];

for (const [value, why] of REFUSED) {
  test(`writePythonJson() refuses: ${why}`, () => {
    const write = (): string => writePythonJson(value);
    expect(write).toThrow(
      new DingError("task.invalid-result", `Cannot write value as JSON: ${why}`),
    );
    expect(() => writePythonJson(value, "task.invalid-data")).toThrow(
      expect.objectContaining({ code: "task.invalid-data" }),
    );
  });
}

test("writePythonJson() writes the same object twice, where it is no circle", () => {
  const shared = { x: Number.NaN };
  expect(writePythonJson([shared, { shared }])).toBe('[{"x":NaN},{"shared":{"x":NaN}}]');
});

test("writePythonJson() refuses what is nested too deeply", () => {
  let deep: unknown = [];
  for (let i = 0; i < 5_000; i++) deep = [deep];
  expect(() => writePythonJson(deep)).toThrow("nested deeper than 1000 levels");
});

const READ: [text: string, value: unknown][] = [
  ['{"a":1}', { a: 1 }],
  ["NaN", Number.NaN],
  ["Infinity", Infinity],
  [" -Infinity ", -Infinity],
  ["[NaN,-Infinity , Infinity]", [Number.NaN, -Infinity, Infinity]],
  ['{"NaN":NaN,"Infinity":"NaN"}', { NaN: Number.NaN, Infinity: "NaN" }],
  ['{"a\\"NaN":NaN,"b":"\\\\"}', { 'a"NaN': Number.NaN, b: "\\" }],
  ['["I","N",NaN]', ["I", "N", Number.NaN]],
  ['{"deep":[{"loss":NaN}]}', { deep: [{ loss: Number.NaN }] }],
];

for (const [text, value] of READ) {
  test(`readPythonJson() reads ${text}`, () => expect(readPythonJson(text)).toEqual(value));
}

const BROKEN = [
  "",
  "{",
  "nan",
  "NaNx",
  "xNaN",
  "1NaN",
  "-NaN",
  "5Infinity",
  "--Infinity",
  "Infinity5",
  "[NaN",
  '{NaN:1,"a":2}',
  '"NaN',
  '["NaN", N]',
  '"\\',
];

for (const text of BROKEN) {
  test(`readPythonJson() refuses ${JSON.stringify(text)}`, () => {
    expect(() => readPythonJson(text)).toThrow(
      expect.objectContaining({ code: "network.protocol" }),
    );
  });
}
