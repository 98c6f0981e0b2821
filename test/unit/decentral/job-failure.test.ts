import { expect, test } from "bun:test";
import { GiveUp } from "../../../src/broker/verdicts.ts";
import { DingError, NetworkError } from "../../../src/core/errors.ts";
import { isAway, jobFailure } from "../../../src/decentral/worker/job-failure.ts";

const REFUSED = new NetworkError("network.refused", "Cannot reach n1:1: connection refused");

test("isAway() knows a server that is not there, also when the plugin has wrapped the error", () => {
  expect(isAway(REFUSED)).toBe(true);
  expect(isAway(new Error("for input 7", { cause: REFUSED }))).toBe(true);
  expect(isAway(new DingError("model.not-ready", "Cannot infer: loading"))).toBe(true);
});

test("isAway() is false for a job's own faults", () => {
  const slow = new NetworkError("network.timeout", "Cannot wait longer");
  for (const thrown of [slow, new Error("no"), "text", undefined, { code: "network.refused" }]) {
    expect(isAway(thrown)).toBe(false);
  }
});

test("jobFailure() says what was thrown, whether to try again, and nothing that cannot travel", () => {
  expect(jobFailure(new GiveUp("hopeless"))).toEqual({
    code: "task.failed",
    message: "hopeless",
    details: { isAway: false, isHopeless: true },
  });
  expect(jobFailure(REFUSED)).toMatchObject({
    code: "network.refused",
    details: { isAway: true, isHopeless: false },
  });
  expect(jobFailure("a text")).toMatchObject({ message: "a text" });
});
