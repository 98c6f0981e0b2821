import { expect, test } from "bun:test";
import { isMatch } from "../../../src/task/glob.ts";

test("isMatch() knows *, ?, sets and their opposite, and takes all else as it is", () => {
  const fits: [string, string][] = [
    ["model.a", "model.*"],
    ["model.", "model.*"],
    ["node.3", "node.?"],
    ["node.3", "node.[0-3]"],
    ["node.5", "node.[!0-3]"],
    ["a]b", "a[]]b"],
    ["a-b", "a[+-]b"],
    ["a[b", "a[b"],
    ["(x|y)^$", "(x|y)^$"],
    ["line\nbreak", "line*"],
    ["aXbYc", "a**b*c"],
  ];
  for (const [text, pattern] of fits)
    expect([text, pattern, isMatch(text, pattern)]).toContain(true);
  const others: [string, string][] = [
    ["modelxa", "model.*"],
    ["my.model.a", "model.*"],
    ["node.10", "node.?"],
    ["node.4", "node.[0-3]"],
    ["b", "[z-a]"],
    ["Model", "model"],
  ];
  for (const [text, pattern] of others)
    expect([text, pattern, isMatch(text, pattern)]).toContain(false);
});
