import { expect, test } from "bun:test";
import { findJsonFault } from "../../../src/config/json-fault.ts";

test.each([
  ['{\n  "a": 1,\n}', 3, 1, 'a comma before "}" is one too many'],
  ["[1,]", 1, 4, 'a comma before "]" is one too many'],
  ['{"a" 1}', 1, 6, '":" is expected after the name'],
  ["{a: 1}", 1, 2, "a name in double quotes is expected"],
  ["{'a': 1}", 1, 2, "a name in double quotes is expected"],
  ["{\"a\": 'x'}", 1, 7, "texts stand in double quotes"],
  ['{"a": 1 "b": 2}', 1, 9, '"," or "}" is expected'],
  ['{"a": 1', 1, 8, '"," or "}" is expected'],
  ['{"a": }', 1, 7, "a value is expected"],
  ['{"a": "x\ny"}', 1, 7, "the text in quotes is not valid or does not end"],
  ['{"a": 01}', 1, 8, '"," or "}" is expected'],
  ["// hello\n{}", 1, 1, "comments are not allowed"],
  ["{} {}", 1, 4, "nothing may follow the value"],
  ["", 1, 1, "the text ends too early"],
  ['{\n\t"a": tru }', 2, 7, "a value is expected"],
])("findJsonFault() of %j points at the place", (text, line, column, reason) => {
  expect(() => JSON.parse(text)).toThrow();
  expect(findJsonFault(text)).toEqual({ line, column, reason });
});

test("findJsonFault() goes over all that JSON may have", () => {
  const text = '{"a":[1,-2.5e+3,true,false,null,"\\u00e9\\n\\"",{},[]],"b":{"c":{"d":[[]]}}} !';
  expect(findJsonFault(text)).toMatchObject({ reason: "nothing may follow the value" });
});
