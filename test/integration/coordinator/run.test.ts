import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { defineLearner } from "../../../src/index.ts";
import { joinWorker, lineRun, startCoordinator } from "../../support/coordinator-run.ts";
import { lineCollector, lineEvaluator, lineLearner } from "../../support/coordinator-workers.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 30_000 };

test("a run ends when an evaluation reaches the goal: cleanly, with its flag set, its numbers told, its workers let go", async () => {
  await using folder = await tempFolder();
  const config = lineRun({ stopValue: 20 });
  await using coordinator = await startCoordinator(folder.path, { config });
  const { address } = coordinator;
  await using one = await joinWorker(lineCollector(), { name: "c1", join: [address] });
  await using _two = await joinWorker(lineCollector(), { name: "c2", join: [address] });
  await using _three = await joinWorker(lineLearner(), { name: "l1", join: [address] });
  await using _four = await joinWorker(lineEvaluator(), { name: "e1", join: [address] });
  await coordinator.closed;
  expect(coordinator.systemShutdownFlag).toBe(true);
  // The evaluator counts no steps: it acts with what it was given.
  expect(coordinator.facts().evals.at(-1)?.policyVersion).toBeGreaterThanOrEqual(20);
  const summary = coordinator.summary();
  expect(summary?.reached).toBe(true);
  expect(summary?.return ?? 0).toBeGreaterThanOrEqual(20);
  const byId = Object.fromEntries((summary?.workers ?? []).map((each) => [each.id, each.envSteps]));
  expect(Object.keys(byId).toSorted()).toEqual(["c1", "c2", "e1", "l1"]);
  expect((byId["c1"] ?? 0) + (byId["c2"] ?? 0)).toBe(summary?.envSteps ?? -1);
  expect(byId["c1"]).toBeGreaterThan(0);
  expect(byId["c2"]).toBeGreaterThan(0);
  expect(Object.values(summary?.policyVersions ?? {})[0]).toBeGreaterThanOrEqual(20);
  // Nothing but the state and the weights is left, whole.
  expect(readdirSync(folder.path).toSorted()).toEqual(["state.ding", "weights"]);
  await until(() => one.status().master === null, PATIENT);
  // Twice is once.
  await Promise.all([coordinator.close(), coordinator.close()]);
  expect(coordinator.state).toBe("stopped");
});

test("where tasks wait for collectors, and only these can evaluate, an evaluation comes before them", async () => {
  await using folder = await tempFolder();
  const config = lineRun({ stopValue: 5, collectorTaskSpace: 3 });
  await using coordinator = await startCoordinator(folder.path, { config });
  const join = [coordinator.address];
  await using _one = await joinWorker(lineCollector(), { name: "c1", join });
  await using _two = await joinWorker(lineLearner(), { name: "l1", join });
  await until(() => coordinator.systemShutdownFlag, PATIENT);
  await coordinator.closed;
});

test("a learner that ends takes its buffer with it: who was about to insert begins anew with the next one", async () => {
  await using folder = await tempFolder();
  const config = lineRun({ stopValue: 1e9, evalInterval: 1_000 });
  const limiter = { samplesPerInsert: 1, minSizeToSample: 1, minDiff: 0, maxDiff: 3 };
  config.main.replay = { tables: [{ name: "train", maxSize: 100, limiter }] };
  config.system = { coordinator: { maxAttempts: 2, snapshotInterval: 1_000 } };
  await using coordinator = await startCoordinator(folder.path, { config });
  const join = [coordinator.address];
  const learner = defineLearner({
    async learn({ replay, weights, draining, report }) {
      for (let learnerStep = 1; learnerStep <= 3; learnerStep++) {
        await replay.sample(1, { signal: draining });
        await weights.publish(new TextEncoder().encode(`${learnerStep}`));
        report({ learnerStep });
      }
      // The collector waits at the limiter by now.
      await Bun.sleep(20);
    },
  });
  await using _one = await joinWorker(lineCollector(), { name: "c1", join });
  await using _two = await joinWorker(learner, { name: "l1", join });
  await until(() => coordinator.facts().policies.length >= 4, PATIENT);
  expect(coordinator.state).toBe("running");
  const { tasks, openTasks, counters } = coordinator.facts();
  expect([tasks.failed, counters.failures]).toEqual([0, 0]);
  expect(openTasks.filter(({ kind }) => kind === "collector").length).toBeLessThanOrEqual(1);
});

test("workers that join raise the number of tasks, one that is removed finishes, and comes back no more", async () => {
  await using folder = await tempFolder();
  await using coordinator = await startCoordinator(folder.path);
  const { address } = coordinator;
  await using _learner = await joinWorker(lineLearner(), { name: "l1", join: [address] });
  await using _evaluator = await joinWorker(lineEvaluator(), { name: "e1", join: [address] });
  await using _one = await joinWorker(lineCollector(), { name: "c1", join: [address] });
  const busy = () =>
    coordinator
      .facts()
      .workers.filter(({ role, state }) => role === "collector" && state === "busy");
  await until(() => busy().length === 1, PATIENT);
  await using _two = await joinWorker(lineCollector(), { name: "c2", join: [address] });
  await using three = await joinWorker(lineCollector(), { name: "c3", join: [address] });
  await until(() => busy().length === 3, PATIENT);
  const stepsOf = (id: string) => coordinator.facts().tallies.get(id)?.envSteps ?? 0;
  await until(() => ["c1", "c2", "c3"].every((id) => stepsOf(id) > 3), PATIENT);
  const response = await fetch(`${coordinator.url}/workers/c3`, { method: "DELETE" });
  expect(response.status).toBe(200);
  await until(() => !coordinator.facts().workers.some(({ id }) => id === "c3"), PATIENT);
  await until(() => busy().length === 2, PATIENT);
  const { tasks, counters } = coordinator.facts();
  // It finished: its attempt did not come to nothing.
  expect([tasks.lost, tasks.failed, counters.failures]).toEqual([0, 0, 0]);
  expect(three.status().master).toBeNull();
  // No slot is leaked: as many tasks run as there are workers for.
  expect(coordinator.facts().tasks.running).toBeLessThanOrEqual(4);
});

test("a slave that is to stop finishes its episode: nothing is lost, and all that it did is counted", async () => {
  await using folder = await tempFolder();
  // An evaluation that is cut short would be one that came to nothing.
  const config = lineRun({ evalInterval: 1_000 });
  await using coordinator = await startCoordinator(folder.path, { config });
  const join = [coordinator.address];
  await using _learner = await joinWorker(lineLearner(), { name: "l1", join });
  const one = await joinWorker(lineCollector(), { name: "c1", join });
  const steps = () => coordinator.facts().tallies.get("c1")?.envSteps ?? 0;
  await until(() => steps() > 3, PATIENT);
  await one.close();
  await until(() => coordinator.facts().workers.length === 1, PATIENT);
  const { counters, tasks } = coordinator.facts();
  expect([counters.failures, tasks.lost]).toEqual([0, 0]);
  expect(tasks.done).toBeGreaterThan(0);
  // One item a step.
  expect(counters.inserted).toBe(counters.envSteps);
});

test("a collector that is gone in the middle of its task loses nothing else: another one does the same task", async () => {
  await using folder = await tempFolder();
  await using coordinator = await startCoordinator(folder.path, {
    config: lineRun({ collectorTaskSpace: 1 }),
  });
  const { address } = coordinator;
  await using _learner = await joinWorker(lineLearner(), { name: "l1", join: [address] });
  await using _evaluator = await joinWorker(lineEvaluator(), { name: "e1", join: [address] });
  const one = await joinWorker(lineCollector(), { name: "c1", join: [address] });
  const task = () => coordinator.facts().openTasks.find(({ kind }) => kind === "collector");
  await until(() => task()?.workerId === "c1" && task()?.state === "running", PATIENT);
  const id = task()?.id;
  await until(() => (coordinator.facts().tallies.get("c1")?.envSteps ?? 0) > 3, PATIENT);
  const { counters } = coordinator.facts();
  await one.close(0);
  await using _two = await joinWorker(lineCollector(), { name: "c2", join: [address] });
  await until(() => task()?.workerId === "c2" && task()?.state === "running", PATIENT);
  expect(task()).toMatchObject({ id: id ?? "", attempt: 2 });
  await until(() => (coordinator.facts().tallies.get("c2")?.envSteps ?? 0) > 3, PATIENT);
  const now = coordinator.facts();
  expect(now.counters.envSteps).toBeGreaterThan(counters.envSteps);
  expect(now.buffers[0]?.stats.size ?? 0).toBeGreaterThan(0);
  expect(now.openTasks.filter(({ kind }) => kind === "collector")).toHaveLength(1);
});
