import { expect, test } from "bun:test";
import { join } from "node:path";
import { ding } from "../../../support/ding.ts";

test("a program of the binary has children in processes of their own", async () => {
  const main = join(import.meta.dir, "main.ts");
  const options = { runtime: "binary", timeoutMs: 60_000 } as const;
  const { code, stdout } = await ding(["task", "--main", main, "--protocol", "ipc"], options);
  const lines = [11, 21, 12, 22].map(
    (fill, at) => `environment ${at % 2}: 100000 of ${fill} and ${fill}`,
  );
  expect([code, stdout.trim().split("\n")]).toEqual([0, [...lines, "3 processes"]]);
});
