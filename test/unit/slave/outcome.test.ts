import { expect, test } from "bun:test";
import { failureRecord } from "../../../src/slave/outcome.ts";
import { TaskFail } from "../../../src/slave/refusals.ts";

test("failureRecord() finds words for whatever was thrown", () => {
  const trap = new Proxy(
    {},
    {
      get() {
        throw new Error("gotcha");
      },
    },
  );
  for (const thrown of [trap, null, undefined, 0, "", Symbol("s"), {}, () => {}]) {
    const record = failureRecord(thrown);
    expect([record.code, typeof record.message]).toEqual(["task.failed", "string"]);
  }
});

test("failureRecord() keeps the result of a TaskFail, and the code and name of other errors", () => {
  expect(failureRecord(new TaskFail({ done: 1 }, "half"))).toEqual({
    code: "task.failed",
    message: "half",
    details: { result: { done: 1 } },
  });
  expect(failureRecord(Object.assign(new RangeError("far"), { code: "E_FAR" }))).toEqual({
    code: "task.failed",
    message: "far",
    details: { name: "RangeError", code: "E_FAR" },
  });
});
