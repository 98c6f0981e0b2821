import { expect, test } from "bun:test";
import { didYouMean, editDistance, nearestName } from "../../../src/config/suggest.ts";

const NAMES = ["port", "host", "heartbeat-ms", "token-file", "max-tasks-per-worker"];

test.each([
  ["prot", "port"],
  ["hots", "host"],
  ["Host", "host"],
  ["heartbeatMs", "heartbeat-ms"],
  ["hartbeat_ms", "heartbeat-ms"],
  ["token", "token-file"],
  ["max-task-per-worker", "max-tasks-per-worker"],
])("nearestName() takes %s for %s", (typed, name) => {
  expect(nearestName(typed, NAMES)).toBe(name);
});

test.each(["colour", "x", "verbose"])("nearestName() has no guess for %s", (typed) => {
  expect(nearestName(typed, NAMES)).toBeUndefined();
});

test("didYouMean() asks in a sentence", () => {
  expect(didYouMean("prot", NAMES)).toBe('Did you mean "port"?');
});

test.each([
  ["", "abc", 3],
  ["abc", "abc", 0],
  ["abc", "acb", 1],
  ["kitten", "sitting", 3],
])("editDistance() of %p and %p is %d", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});
