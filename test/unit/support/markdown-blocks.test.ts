import { expect, test } from "bun:test";
import { codeBlocks } from "../../support/markdown-blocks.ts";

test("codeBlocks() finds each block with its language, line and reason", () => {
  const text = [
    "# Title",
    "```bash",
    "one",
    "",
    "two",
    "```",
    "<!-- not run: needs a cluster -->",
    "",
    "```bash",
    "sbatch",
    "```",
    "<!-- not run: this belongs to no block -->",
    "words",
    "~~~~ts",
    "```",
    "~~~~",
  ].join("\n");
  expect(codeBlocks(text)).toEqual([
    { language: "bash", line: 3, code: "one\n\ntwo" },
    { language: "bash", line: 10, code: "sbatch", notRun: "needs a cluster" },
    { language: "ts", line: 15, code: "```" },
  ]);
});

test("codeBlocks() throws for a block without an end", () => {
  expect(() => codeBlocks("text\n```bash\nls\n")).toThrow("The block at line 2 does not end");
});
