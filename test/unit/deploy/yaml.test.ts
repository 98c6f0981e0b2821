import { describe, expect, test } from "bun:test";
import { yamlText, type YamlValue } from "../../../src/deploy/yaml.ts";

/** What a YAML parser must give back unchanged. */
const VALUES: YamlValue[] = [
  "no",
  "1.0",
  "",
  "- dash: {not} [a] #comment",
  "line\nbreak\ttab\\ \"quote\" 'single'",
  "ünïcødé ✓ 😀 \u2028\u0085\u007f\ufeff",
  "  spaces  ",
  "null",
  0,
  -1.5,
  true,
  [],
  {},
  [[], [1, ["a"]], {}],
  [{ a: 1, b: [2, { c: 3 }] }, { d: { e: { f: "g" } } }],
  { on: 1, "8080": "x", "a b": [], "a.b/c-d": {}, "": "empty", "k: v": "#" },
];

describe("yamlText()", () => {
  test.each(VALUES.map((value) => [value]))("writes %j so that it can be read", (value) => {
    expect(Bun.YAML.parse(yamlText({ value }))).toEqual({ value });
  });

  test("leaves out what is undefined", () => {
    expect(yamlText({ a: undefined, b: 1 })).toBe("b: 1\n");
    expect(yamlText({ a: undefined })).toBe("{}\n");
  });

  test("is written as people write it", () => {
    const text = yamlText({ name: "x", ports: [{ port: 80, labels: ["a"] }, "y"], none: [] });
    expect(text).toBe(`name: "x"
ports:
  - port: 80
    labels:
      - "a"
  - "y"
none: []
`);
  });
});
