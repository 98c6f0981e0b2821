import { expect, test } from "bun:test";
import { findJsonFault } from "../../../src/master/submit/json-fault.ts";

const FAULTS: [text: string, line: number, column: number, reason: RegExp][] = [
  ["", 1, 1, /a value/],
  ["[1, 2", 1, 6, /',' or ']'/],
  ["[1 2]", 1, 4, /',' or ']'/],
  ["[1,]", 1, 4, /a value/],
  ['{"a": 1,}', 1, 9, /a key/],
  ["{a: 1}", 1, 2, /a key/],
  ['{"a" 1}', 1, 6, /':'/],
  ['{"a": 1\n"b": 2}', 2, 1, /',' or '}'/],
  ['[\n  {"a": 1},\n  {"a": tru}\n]', 3, 9, /a value/],
  ['"abc', 1, 5, /end of the string/],
  ['"a\nb"', 1, 3, /end of the string/],
  ['"\\x"', 1, 2, /escape/],
  ["01", 1, 2, /the end of the text/],
  ["{} {}", 1, 4, /the end of the text/],
  ["[[1], {}}", 1, 9, /',' or ']'/],
  ["[".repeat(100_000), 1, 100_001, /a value/],
  [`["${"x".repeat(5_000_000)}", ]`, 1, 5_000_006, /a value/],
];

for (const [text, line, column, reason] of FAULTS) {
  test(`findJsonFault() finds the place in ${JSON.stringify(text.slice(0, 40))}`, () => {
    expect(() => JSON.parse(text)).toThrow();
    const fault = findJsonFault(text);
    expect(fault).toMatchObject({ line, column });
    expect(fault?.reason).toMatch(reason);
  });
}

test("findJsonFault() finds nothing in what is JSON", () => {
  const texts = [
    "null",
    " [ ] ",
    "{}",
    "-0.5e+10",
    '{"a":[1,{"b":[[]]},"\\u00e9\\n\\""],"c":{"d":true}}',
    JSON.stringify([{ text: 'with "quotes" and \\ and \u2028' }], null, 2),
  ];
  for (const text of texts) {
    JSON.parse(text);
    expect(findJsonFault(text)).toBeUndefined();
  }
});
