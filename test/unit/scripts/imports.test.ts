import { expect, test } from "bun:test";
import { importsOf } from "../../../scripts/imports.ts";

/** Each source with the specifiers that it really imports. */
const CASES: [name: string, source: string, specifiers: string[]][] = [
  [
    "static imports",
    `import a from "a";\nimport { b } from 'b'; import * as c from "c";`,
    ["a", "b", "c"],
  ],
  ["imports over several lines", `import {\n  a,\n  type B as C, // why\n} from "ab";`, ["ab"]],
  [
    "type imports",
    `import type { A } from "a"; type B = import("b").B; export type { C } from "c";`,
    ["a", "b", "c"],
  ],
  [
    "bare, dynamic and required",
    `import "a"; await import("b"); require("c"); await import( "d" );`,
    ["a", "b", "c", "d"],
  ],
  [
    "re-exports",
    `export * from "a"; export { default as b } from "b"; export * as c from "c";`,
    ["a", "b", "c"],
  ],
  ["a computed import", "await import(path); await import(`x`);", []],
  ["comments", `// import "a"\n/* import b from "b" */ import "c"; /** from "d" */`, ["c"]],
  ["strings", `const s = "import 'a'"; const t = 'from "b"'; import "c";`, ["c"]],
  [
    "templates",
    'const t = `import "a" ${await import("b")} } from "c" ${`import "d"`}`; import "e";',
    ["b", "e"],
  ],
  ["braces in templates", 'const t = `${{ a: { b: 1 } }} import "a"`; import "b";', ["b"]],
  [
    "regular expressions",
    `const r = /import "a"/; const q = /["'\`]/g; import "b"; const d = 1 / 2; import "c";`,
    ["b", "c"],
  ],
  ["a regular expression with a class", `x.replace(/[/"]/, ""); import "a";`, ["a"]],
  [
    "words that look like imports",
    `const from = "a"; exported("b"); obj.import = "c"; from("d");`,
    [],
  ],
  ["an export before an import", `export interface A { b: string }\nimport { c } from "c";`, ["c"]],
  ["escaped quotes", `const s = "\\"; import 'a'"; import "b";`, ["b"]],
];

test.each(CASES)("importsOf() reads %s", (_, source, specifiers) => {
  expect(importsOf(source).specifiers).toEqual(specifiers);
});

test("importsOf() gives the code without what is only text", () => {
  const { code } = importsOf('a("Bun.x"); // Bun.y\n/Bun\\.z/.test(b); `Bun.u ${Bun.v}`;');
  expect(code).not.toMatch(/Bun\.[xyzu]/);
  expect(code).toContain("Bun.v");
});
