import { expect, test } from "bun:test";
import { checkJsonDepth } from "../../../src/serve/json-depth.ts";
import { readPredict } from "../../../src/serve/native/predict-request.ts";
import { readDocument } from "../../../src/serve/oip/request-document.ts";
import { readJson } from "../../../src/serve/wkr/form-body.ts";

const encoder = new TextEncoder();
const LONG = 300 * 1024;
const DEEP = encoder.encode("[".repeat(LONG));
const TOO_DEEP = "nested deeper than 1000 levels";

test("checkJsonDepth() refuses what is long and nested deeper than any value", () => {
  for (const text of [
    "[".repeat(LONG),
    '{"a":'.repeat(LONG),
    '[ {"a" : [], "b" :'.repeat(LONG),
    `"${"x".repeat(LONG)}${'\\"]]'.repeat(2_000)}"${"[".repeat(1_001)}`,
  ]) {
    expect(() => checkJsonDepth(encoder.encode(text))).toThrow(TOO_DEEP);
  }
});

test("checkJsonDepth() takes brackets in texts for nothing, and what is wide, short or broken for itself", () => {
  for (const text of [
    "[".repeat(2_000),
    `[${"[1],".repeat(LONG)}[1]]`,
    `${"[".repeat(1_000)}${"1,".repeat(LONG)}1${"]".repeat(1_000)}`,
    JSON.stringify(["[".repeat(LONG), '\\"['.repeat(LONG), '\\\\"{'.repeat(LONG), "\\"]),
    `["${"[".repeat(LONG)}`,
    "]".repeat(LONG),
  ]) {
    expect(() => checkJsonDepth(encoder.encode(text))).not.toThrow();
  }
});

test("every face refuses a body that is nested too deep before it reads it", () => {
  expect(() => readDocument(DEEP, (document) => document)).toThrow(TOO_DEEP);
  expect(() => readPredict(DEEP, "json")).toThrow(TOO_DEEP);
  expect(() => readJson(DEEP)).toThrow(TOO_DEEP);
});
