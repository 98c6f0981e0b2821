import { describe, expect, test } from "bun:test";
import { DingError, type Code } from "../../../../src/core/errors.ts";
import type { Logger } from "../../../../src/core/log.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { oipError } from "../../../../src/serve/oip/oip-error.ts";

const STATUS: [Code, number, string | null][] = [
  ["usage.invalid-input", 400, null],
  ["http.not-found", 404, null],
  ["http.too-large", 413, null],
  ["http.unsupported-type", 415, null],
  ["queue.full", 429, "3"],
  ["task.cancelled", 499, null],
  ["task.failed", 500, null],
  ["worker.exited", 500, null],
  ["service.stopping", 503, "3"],
  ["model.not-ready", 503, "3"],
  ["state.invalid", 503, "3"],
  ["task.timed-out", 504, null],
];

describe("oipError()", () => {
  test.each(STATUS)("answers %s with %d", async (code, status, retryAfter) => {
    const error = new DingError(code, "Cannot infer: so", { details: { retryAfterMs: 2_001 } });
    const response = oipError(error);
    expect(response.status).toBe(status);
    expect(response.headers.get("Retry-After")).toBe(retryAfter);
    expect(response.headers.get("Content-Type")).toBe("application/json");
    expect(await response.json()).toEqual({ error: "Cannot infer: so" });
  });

  test.each([
    [{ item: 3 }, "It failed (row 3). Do so."],
    [{ file: "/m.ts", line: 2, column: 8 }, "It failed at /m.ts:2:8. Do so."],
    [{ file: "/m.ts" }, "It failed at /m.ts. Do so."],
  ])("tells the place %j", async (details, error) => {
    const failed = new DingError("task.failed", "It failed", { hint: "Do so.", details });
    expect(await oipError(failed).json()).toEqual({ error });
  });

  test("tells the hint too, and logs only what nobody foresaw", async () => {
    const logged: string[] = [];
    const log: Logger = { ...silentLogger, error: (message: string) => void logged.push(message) };
    const known = oipError(new DingError("queue.full", "Full", { hint: "Come back." }), log);
    expect(await known.json()).toEqual({ error: "Full. Come back." });
    expect(known.headers.get("Retry-After")).toBe("1");
    expect(logged).toEqual([]);
    const bug = oipError(new TypeError("x is not a function"), log);
    expect([bug.status, await bug.json()]).toEqual([500, { error: "x is not a function" }]);
    expect(logged).toEqual(["Cannot answer inference request: x is not a function"]);
  });
});
