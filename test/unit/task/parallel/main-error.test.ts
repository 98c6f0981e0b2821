import { expect, test } from "bun:test";
import { mainError } from "../../../../src/task/parallel/node-run.ts";

const circle: Record<string, unknown> = {};
circle["self"] = circle;

test.each([
  [new Error("boom"), "boom"],
  ["just text", "just text"],
  [undefined, "Thrown value: undefined"],
  [null, "Thrown value: null"],
  [10n, "Thrown value: 10"],
  [{ errors: [undefined] }, "Thrown value: "],
  [circle, "Thrown value: [object Object]"],
  [Object.assign(Object.create(null), { circle }), "Thrown value: [object Object]"],
])("mainError() tells of whatever a main threw: case %#", (thrown, message) => {
  const error = mainError(1, thrown, import.meta.path);
  expect(error.code).toBe("task.failed");
  expect(error.message).toStartWith(`Main of node 1 failed: ${message}`);
});
