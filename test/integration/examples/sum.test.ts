import { expect, test } from "bun:test";
import { execFile } from "node:child_process";
import { promisify } from "node:util";

test("examples/sum does what the ancestor's documentation says", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["examples/sum/main.ts"], {
    timeout: 45_000,
  });
  expect(stdout).toBe("sum: all as documented\n");
});
