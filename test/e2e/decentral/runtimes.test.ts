import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { RUNTIMES } from "../../support/ding.ts";
import { NOTING, notesIn } from "../../support/fleet.ts";
import {
  decentral,
  jobLines,
  startDecentral,
  statusOf,
  type FleetStatus,
} from "../../support/fleet-process.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

for (const runtime of RUNTIMES) {
  test(`a fleet runs on ${runtime}: jobs, a killed process, restart, terminate`, async () => {
    await using folder = await tempFolder();
    const options = { runtime, cwd: folder.path } as const;
    const to = folder.file("notes");
    const file = await folder.write(
      "jobs.jsonl",
      jobLines(60, (n) => ({ to, n, ms: 50 })),
    );
    await decentral(["push", file], options);
    const args = ["--plugin", NOTING, "--num-client", "4", "--workers", "2", "--retry-ms", "50"];
    await using fleet = await startDecentral(args, options);
    await until(() => notesIn(to).length > 8, { what: "the first jobs" });
    const [worker] = (await statusOf(fleet)).workers;
    process.kill(worker?.pid ?? 0, "SIGKILL");
    const port = ["--port", `${fleet.port}`];
    const restarted = await decentral<FleetStatus>(["restart", ...port], options);
    expect(restarted.ready).toBe(true);
    const done = (): number[] =>
      notesIn(to)
        .filter(({ what }) => what === "done")
        .map(({ n }) => n);
    await until(() => new Set(done()).size === 60, { what: "all jobs", timeoutMs: 60_000 });
    await decentral(["terminate", ...port], options);
    expect(await fleet.waitForExit()).toMatchObject({ code: 0 });
  });
}

test("SIGHUP brings the plugin as it is now; one that does not load harms nobody", async () => {
  await using folder = await tempFolder();
  const text = readFileSync(NOTING, "utf8");
  const plugin = await folder.write("unit.ts", text);
  const to = folder.file("notes");
  const push = async (n: number): Promise<void> => {
    const file = await folder.write("job.json", { to, n });
    await decentral(["push", file], { cwd: folder.path });
  };
  const isDone = (what: string, n: number) => () =>
    notesIn(to).some((note) => note.n === n && note.what === what);
  const args = ["--plugin", plugin, "--num-client", "2"];
  await using fleet = await startDecentral(args, { cwd: folder.path });
  writeFileSync(plugin, "export default {");
  fleet.kill("SIGHUP");
  await until(() => /restart failed: Cannot load plugin/.test(fleet.stderr), { what: "a word" });
  await push(1);
  await until(isDone("done", 1), { what: "the job, by the plugin as it was" });
  writeFileSync(plugin, text.replaceAll('note("done")', 'note("done anew")'));
  await until(
    async () => {
      const { code } = await fetch(`${fleet.url}/restart`, { method: "POST" }).then((answer) => ({
        code: answer.status,
      }));
      return code === 200;
    },
    { what: "a restart that works" },
  );
  await push(2);
  await until(isDone("done anew", 2), { what: "the job, by the plugin as it is" });
  expect(await fleet.stop()).toMatchObject({ code: 0 });
});
