import { expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Parallel } from "../../../src/index.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const SCRIPT = "test/e2e/task/fixtures/parallel-script.ts";
const run = promisify(execFile);

test("Parallel.runner() runs a function in several nodes, which run the script again, and in one right here", async () => {
  const { stdout } = await run(process.execPath, [SCRIPT, "2"], { timeout: 60_000 });
  const lines = stdout.trim().split("\n");
  expect(lines.slice(0, 2).toSorted()).toEqual(["first 4", "first 5"]);
  expect(lines.slice(2)).toEqual(["second 0 3", "end"]);
});

test("Parallel.runner() rejects with the failure of a main, with what cannot be planned, and a file that is not there", async () => {
  const failed = await thrownBy(
    run(process.execPath, [SCRIPT, "2", "throws"], { timeout: 60_000 }),
  );
  expect(failed).toMatchObject({ stderr: expect.stringContaining("Main of node 4 failed: boom") });
  expect(
    await thrownBy(Promise.resolve().then(() => Parallel.runner({ nodeIds: [1, 2] }))),
  ).toMatchObject({
    code: "usage.invalid-option",
    message: "Cannot use --node-ids 1,2: there is 1 node",
  });
  expect(await thrownBy(Parallel.runner({ parallelWorkers: 2 })("./nowhere.ts"))).toMatchObject({
    code: "plugin.not-found",
  });
});
