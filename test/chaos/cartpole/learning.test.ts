import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { exampleRun, startRun, summaryOf } from "../../support/training.ts";
import { tempFolder } from "../../support/temp-folder.ts";

test("ding coordinator learns cartpole: return 100 within 90 s, by the steps of both collectors", async () => {
  await using folder = await tempFolder();
  await using run = startRun(folder, await exampleRun(folder, "cartpole", 100), "--seed", "1");
  const { code, stdout, stderr } = await run.waitForExit(90_000);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  const { reached, return: mean, envSteps, workers, policyVersions } = summaryOf(stdout);
  expect(reached).toBe(true);
  expect(mean).toBeGreaterThanOrEqual(100);
  const collectors = workers.filter(({ role }) => role === "collector");
  expect(collectors).toHaveLength(2);
  for (const collector of collectors) {
    expect(collector.envSteps).toBeGreaterThanOrEqual(0.2 * envSteps);
  }
  expect(new Set(workers.map(({ pid }) => pid)).size).toBe(4);
  expect(Object.values(policyVersions)[0]).toBeGreaterThan(1);
  // The curve: printed, and drawn.
  expect(stderr).toMatch(/version \d+: mean return \d+\.\d {2}[▁-█]+/);
  expect(await readFile(folder.file("cartpole/curve.svg"), "utf8")).toContain("<polyline");
  expect(await readdir(folder.file("cartpole/log"))).not.toEqual([]);
}, 120_000);
