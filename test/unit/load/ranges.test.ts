import { expect, test } from "bun:test";
import { parseDuration, parseLevels, parseShapes } from "../../../src/load/ranges.ts";

test.each([
  ["8", [8]],
  ["1:32", [1, 2, 4, 8, 16, 32]],
  ["1:20", [1, 2, 4, 8, 16, 20]],
  ["3:3", [3]],
  ["10:50:10", [10, 20, 30, 40, 50]],
  ["1:10:4", [1, 5, 9]],
  ["1,8,32", [1, 8, 32]],
  ["1,4:8:2", [1, 4, 6, 8]],
])("parseLevels(%j) gives %j", (text, levels) => {
  expect(parseLevels(text, "concurrency", true)).toEqual(levels);
});

test("parseLevels() takes fractions where they mean something", () => {
  expect(parseLevels("0.5:2", "rate", false)).toEqual([0.5, 1, 2]);
  expect(() => parseLevels("0.5", "concurrency", true)).toThrow('"0.5" is no range');
});

test.each(["", "0", "a", "8:4", "1:", "1:8:0", "-1", "1:2:3:4", "1:1000000:1"])(
  "parseLevels(%j) throws",
  (text) => {
    expect(() => parseLevels(text, "concurrency", true)).toThrow("Cannot use --concurrency");
  },
);

test.each([
  ["5s", 5_000],
  ["5", 5_000],
  ["0.5s", 500],
  ["250ms", 250],
  ["2m", 120_000],
  ["0", 0],
])("parseDuration(%j) gives %p ms", (text, ms) => {
  expect(parseDuration(text, "duration")).toBe(ms);
});

test.each(["", "s", "5 s", "-1s", "1h", "soon"])("parseDuration(%j) throws", (text) => {
  expect(() => parseDuration(text, "duration")).toThrow("is no time");
});

test("parseShapes() reads sizes by name", () => {
  const shapes = parseShapes(["x:3,224,224", "a:b:1"]);
  expect([...shapes]).toEqual([
    ["x", [3, 224, 224]],
    ["a:b", [1]],
  ]);
  expect(() => parseShapes(["x"])).toThrow('"x" is no shape');
});
