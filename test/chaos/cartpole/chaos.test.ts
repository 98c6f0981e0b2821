import { expect, test } from "bun:test";
import { exampleRun, runStatus, startRun, summaryOf } from "../../support/training.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const newest = ({ policyVersions }: { policyVersions: Record<string, number> }): number =>
  Math.max(0, ...Object.values(policyVersions));

test("a run goes on when a collector and the learner are killed, and when the coordinator is stopped and resumed", async () => {
  await using folder = await tempFolder();
  const never = await exampleRun(folder, "cartpole", 501);
  const goal = await exampleRun(folder, "cartpole", 100);
  let steps = 0;
  let version = 0;
  {
    await using run = startRun(folder, never, "--seed", "1");
    const { url } = await run.ready(60_000);
    const waitFor = async (
      what: string,
      isSo: (status: Awaited<ReturnType<typeof runStatus>>) => boolean,
    ): Promise<Awaited<ReturnType<typeof runStatus>>> =>
      await until(
        async () => {
          const status = await runStatus(url);
          return isSo(status) && status;
        },
        { timeoutMs: 60_000, what: () => `${what}: ${run.stderr}`, everyMs: 50 },
      );
    const pidOf = ({ workers }: Awaited<ReturnType<typeof runStatus>>, role: string): number =>
      workers.find((worker) => worker.role === role && worker.state === "busy")?.pid ?? 0;
    const collectors = ({ workers }: Awaited<ReturnType<typeof runStatus>>): number =>
      workers.filter(({ role, state }) => role === "collector" && state === "busy").length;

    let status = await waitFor(
      "a first update",
      (now) => newest(now) >= 2 && collectors(now) === 2,
    );
    process.kill(pidOf(status, "collector"), "SIGKILL");
    const before = status.envSteps;
    status = await waitFor("both collectors again", (now) => {
      return now.envSteps > before + 1_024 && collectors(now) === 2 && pidOf(now, "learner") > 0;
    });
    version = newest(status);
    process.kill(pidOf(status, "learner"), "SIGKILL");
    status = await waitFor("a learner that goes on", (now) => newest(now) >= version + 2);
    const { code } = await run.stop("SIGTERM", 60_000);
    expect(code).toBe(0);
    ({ envSteps: steps } = summaryOf(run.stdout));
    version = newest(summaryOf(run.stdout));
    expect(steps).toBeGreaterThanOrEqual(status.envSteps);
  }
  await using resumed = startRun(folder, goal, "--seed", "1", "--resume");
  const { code, stdout, stderr } = await resumed.waitForExit(90_000);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  const summary = summaryOf(stdout);
  expect(summary).toMatchObject({ reached: true });
  expect(summary.return).toBeGreaterThanOrEqual(100);
  expect(summary.envSteps).toBeGreaterThanOrEqual(steps);
  expect(newest(summary)).toBeGreaterThanOrEqual(version);
}, 240_000);
