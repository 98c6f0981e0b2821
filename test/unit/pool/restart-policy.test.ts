import { expect, test } from "bun:test";
import { RestartPolicy } from "../../../src/pool/restart-policy.ts";

const options = { minMs: 50, maxMs: 1_000, jitter: 0, mostFailedStarts: 3, steadyMs: 10_000 };

test("onCrash() waits twice as long each time, up to the most", () => {
  const policy = new RestartPolicy(options);
  expect([1, 2, 3, 4, 5, 6, 7].map(() => policy.onCrash(0))).toEqual([
    50, 100, 200, 400, 800, 1_000, 1_000,
  ]);
});

test("onCrash() begins again after a steady life or a task that ended well", () => {
  const policy = new RestartPolicy(options);
  policy.onCrash(0);
  policy.onCrash(0);
  expect(policy.onCrash(10_000)).toBe(50);
  expect(policy.onCrash(0)).toBe(100);
  policy.onSuccess();
  expect(policy.onCrash(0)).toBe(50);
});

test("onFailedStart() gives up after so many in a row; a worker that is ready resets them", () => {
  const policy = new RestartPolicy(options);
  expect([policy.onFailedStart(), policy.onFailedStart()]).toEqual([50, 100]);
  policy.onReady();
  expect([policy.onFailedStart(), policy.onFailedStart(), policy.onFailedStart()]).toEqual([
    50,
    100,
    undefined,
  ]);
});
