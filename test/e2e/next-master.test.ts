import { expect, test } from "bun:test";
import { ding } from "../support/ding.ts";
import { fixture, startSlave, statusOf } from "../support/slave.ts";
import { spawnSubmit, submit } from "../support/submit.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

test("the next master gets the slave at once, though the dead one's task keeps the worker that is asked", async () => {
  await using folder = await tempFolder();
  await using slave = await startSlave(fixture("asking.ts"), ["--cancel-grace-ms", "200"]);
  const file = await folder.write("task.json", { forever: true });
  await using first = spawnSubmit(file, { slaves: [slave] });
  await until(async () => (await statusOf(slave)).running === 1, { what: "the endless task" });
  first.kill("SIGKILL");
  await first.waitForExit();
  const started = performance.now();
  const { code, lines } = await submit([{}], { slaves: [slave] });
  expect([code, lines[0]?.status]).toEqual([0, "COMPLETED"]);
  expect(performance.now() - started).toBeLessThan(20_000);
});

test("a plugin that never gets ready ends the slave after --load-timeout-ms, in its own process too", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write(
    "never.ts",
    "await new Promise(() => {});\nexport default 1;\n",
  );
  for (const isolate of ["process", "none"]) {
    const words = ["slave", "--plugin", plugin, "--port", "0", "--isolate", isolate];
    const { code, stderr } = await ding([...words, "--load-timeout-ms", "300"], {
      runtime: "binary",
    });
    expect([isolate, code]).toEqual([isolate, 1]);
    expect(stderr).toContain("it took longer than 300 ms");
  }
});
