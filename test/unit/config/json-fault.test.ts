import { expect, test } from "bun:test";
import { findJsonFault } from "../../../src/config/json-fault.ts";

const FAULTS: [text: string, line: number, column: number, reason: RegExp][] = [
  ["", 1, 1, /ends too early/],
  ["[1, 2", 1, 6, /',' or ']'/],
  ["[1 2]", 1, 4, /',' or ']'/],
  ["[1,]", 1, 3, /one too many/],
  ['{"a": 1,}', 1, 8, /one too many/],
  ['{\n  "a": 1,\n}', 2, 9, /one too many/],
  ["{a: 1}", 1, 2, /a key in double quotes/],
  ["{'a': 1}", 1, 2, /a key in double quotes/],
  ["{\"a\": 'x'}", 1, 7, /double quotes/],
  ["// hello\n{}", 1, 1, /comments are not allowed/],
  ['{"a" 1}', 1, 6, /':'/],
  ['{"a": }', 1, 7, /a value is expected/],
  ['{"a": 1\n"b": 2}', 2, 1, /',' or '}'/],
  ['[\n  {"a": 1},\n  {"a": tru}\n]', 3, 9, /a value/],
  ['"abc', 1, 5, /end of the string/],
  ['"a\nb"', 1, 3, /end of the string/],
  ['"\\x"', 1, 2, /escape/],
  ["01", 1, 2, /the end of the text/],
  ["{} {}", 1, 4, /the end of the text/],
  ["[[1], {}}", 1, 9, /',' or ']'/],
  ["[".repeat(100_000), 1, 100_001, /ends too early/],
  [`["${"x".repeat(5_000_000)}", ]`, 1, 5_000_004, /one too many/],
];

for (const [text, line, column, reason] of FAULTS) {
  test(`findJsonFault() finds the place in ${JSON.stringify(text.slice(0, 40))}`, () => {
    expect(() => JSON.parse(text)).toThrow();
    const fault = findJsonFault(text);
    expect(fault).toMatchObject({ line, column });
    expect(fault.reason).toMatch(reason);
  });
}

test("findJsonFault() goes over all that JSON may have", () => {
  const text = '{"a":[1,-2.5e+3,true,false,null,"\\u00e9\\n\\"",{},[ ]],"b":{"c":{"d":[[]]}}} !';
  expect(findJsonFault(text).reason).toMatch(/the end of the text/);
});
