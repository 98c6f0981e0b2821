import { expect, test } from "bun:test";
import { openBrackets, readBrackets } from "../../../src/config/brackets.ts";
import { NOT_CONVERTIBLE } from "../../../src/config/convert.ts";

const TWO = [
  ["10.40.34.16", 8068, 8069],
  ["10.40.34.14", 8068, 8069],
];

test.each([
  ["[[10.40.34.16, 8068, 8069], [10.40.34.14, 8068, 8069]]", TWO],
  ["[[10.40.34.16,8068,8069],[10.40.34.14,8068,8069]]", TWO],
  [`[['10.40.34.16', 8068, 8069], ["10.40.34.14", 8068, 8069] ]`, TWO],
  [JSON.stringify(TWO), TWO],
  ["[]", []],
  ["[ ]", []],
  ["[[], [a]]", [[], ["a"]]],
  ["[-1, 0.5, 1e3, node-1]", [-1, 0.5, "1e3", "node-1"]],
  ["[\"a, [b]\", 'c]']", ["a, [b]", "c]"]],
  ['[{"host": "a"}]', [{ host: "a" }]],
  ["[a", NOT_CONVERTIBLE],
  ["[a]]", NOT_CONVERTIBLE],
  ["[a] b", NOT_CONVERTIBLE],
  ["[a,]", NOT_CONVERTIBLE],
  ["[,a]", NOT_CONVERTIBLE],
  ["[a [b]]", NOT_CONVERTIBLE],
  ['["a]', NOT_CONVERTIBLE],
  ["a", NOT_CONVERTIBLE],
  ["", NOT_CONVERTIBLE],
  ["[".repeat(100_000), NOT_CONVERTIBLE],
])("readBrackets() of %p", (text, value) => {
  expect(readBrackets(text)).toEqual(value);
});

test("openBrackets() counts those that nothing closes yet, but for those in quotes", () => {
  expect(openBrackets("[[10.0.0.1,")).toBe(2);
  expect(openBrackets("[[10.0.0.1, 1], [")).toBe(2);
  expect(openBrackets("[[a]]")).toBe(0);
  expect(openBrackets('["[[",')).toBe(1);
  expect(openBrackets("a]")).toBe(-1);
});
