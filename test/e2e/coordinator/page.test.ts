import { expect } from "bun:test";
import { browserMissing, openPage, tileValue } from "../../support/browser.ts";
import { joinWorker, lineRun, startCoordinator } from "../../support/coordinator-run.ts";
import { lineCollector, lineEvaluator, lineLearner } from "../../support/coordinator-workers.ts";
import { testNeeding } from "../../support/needs.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const testWithBrowser = testNeeding(await browserMissing());
const PATIENT = { timeoutMs: 40_000, everyMs: 100 };

/** The value of a metric with all of these labels. */
async function metric(url: string, name: string, ...labels: string[]): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line.startsWith(name) && !line.startsWith("#"));
  const found = lines.filter((line) => labels.every((label) => line.includes(label)));
  return found.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

testWithBrowser(
  "the dashboard shows what /metrics says: return, steps, tasks and workers by state, buffer, lag",
  async () => {
    await using folder = await tempFolder();
    // An evaluation now and then, so that the numbers can stand still for a look.
    const config = lineRun({ evalInterval: 0.2 });
    await using coordinator = await startCoordinator(folder.path, { config });
    const join = [coordinator.address];
    const { url } = coordinator;
    const collector = await joinWorker(lineCollector({ pauseMs: 5 }), { name: "c1", join });
    const learner = await joinWorker(lineLearner({ pauseMs: 5 }), { name: "l1", join });
    const evaluator = await joinWorker(lineEvaluator(), { name: "e1", join });
    await using open = await openPage(`${url}/dashboard`);
    const { page, faults } = open;
    await until(async () => Number(await tileValue(page, "return")) > 5, PATIENT);
    const busy = page.locator('[data-table="workers"] tbody tr', { hasText: "c1" });
    await until(
      async () => (await busy.locator('[data-key="state"]').textContent()) === "busy",
      PATIENT,
    );
    expect(await page.locator(".panel canvas, canvas").count()).toBeGreaterThanOrEqual(6);
    // All workers leave: from now on the numbers stand still.
    await Promise.all([collector.close(), learner.close(), evaluator.close()]);
    await until(() => coordinator.facts().workers.length === 0, PATIENT);
    const tiles = {
      return: "ding_coordinator_return",
      envSteps: "ding_coordinator_env_steps_total",
      episodes: "ding_coordinator_episodes_total",
      learnerStep: "ding_coordinator_learner_step",
      version: "ding_coordinator_policy_version",
      spi: "ding_coordinator_samples_per_insert",
      failures: "ding_coordinator_attempt_failures_total",
    };
    await until(async () => {
      const steps = await metric(url, tiles.envSteps);
      return steps > 0 && Number(await tileValue(page, "envSteps")) === steps;
    }, PATIENT);
    // What it shows may be of a moment at which not all had left.
    for (const [key, name] of Object.entries(tiles)) {
      const isShown = async (): Promise<boolean> =>
        Number(await tileValue(page, key)) === (await metric(url, name));
      await until(isShown, { ...PATIENT, what: `the tile ${key} to show ${name}` });
    }
    const shows = async (key: string, value: number): Promise<boolean> =>
      Math.abs(Number(await tileValue(page, key)) - value) < 1e-9;
    const fill =
      (await metric(url, "ding_coordinator_buffer_items")) /
      (await metric(url, "ding_coordinator_buffer_limit"));
    await until(() => shows("fill", fill), PATIENT);
    const lag = await metric(url, "ding_coordinator_policy_lag", 'of="mean"');
    await until(() => shows("lag", lag), PATIENT);
    await until(() => shows("workersBusy", 0), PATIENT);
    const queuedTasks = coordinator.facts().openTasks.length;
    const queued = await metric(url, "ding_coordinator_tasks", 'state="queued"');
    expect(queued).toBe(queuedTasks);
    const rows = page.locator('[data-table="openTasks"] tbody tr');
    await until(async () => (await rows.count()) === queuedTasks, PATIENT);
    expect(faults).toEqual([]);
  },
);
