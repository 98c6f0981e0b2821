import { expect, test } from "bun:test";
import { joinWorker, lineRun, startCoordinator } from "../../support/coordinator-run.ts";
import { lineCollector, lineEvaluator, lineLearner } from "../../support/coordinator-workers.ts";
import { freePort } from "../../support/free-port.ts";
import { TcpProxy } from "../../support/tcp-proxy.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 30_000 };

test("a collector behind a silent network is given up, its task done by another; when it is back it does something else", async () => {
  await using folder = await tempFolder();
  const config = lineRun({ collectorTaskSpace: 1 });
  config.system = { coordinator: { toleranceTimeout: 0.5, snapshotInterval: 1_000 } };
  await using coordinator = await startCoordinator(folder.path, { config });
  const { address } = coordinator;
  await using _learner = await joinWorker(lineLearner(), { name: "l1", join: [address] });
  await using _evaluator = await joinWorker(lineEvaluator(), { name: "e1", join: [address] });
  await using proxy = await TcpProxy.open(coordinator.port);
  const far = {
    name: "far",
    join: [`127.0.0.1:${proxy.port}`],
    toleranceMs: 500,
    heartbeatMs: 100,
  };
  await using _far = await joinWorker(lineCollector(), far);
  const task = () => coordinator.facts().openTasks.find(({ kind }) => kind === "collector");
  const steps = (id: string) => coordinator.facts().tallies.get(id)?.envSteps ?? 0;
  await until(() => task()?.workerId === "far" && steps("far") > 5, PATIENT);
  const { id, attempt } = task() ?? { id: "", attempt: 0 };
  // Both the slave's session and its process's link go through there.
  proxy.pause();
  await until(() => !coordinator.facts().workers.some((one) => one.id === "far"), PATIENT);
  await using _near = await joinWorker(lineCollector(), { name: "near", join: [address] });
  await until(() => task()?.workerId === "near" && steps("near") > 5, PATIENT);
  expect(task()).toMatchObject({ id, attempt: attempt + 1 });
  const counted = steps("far");
  const inserted = () => coordinator.facts().counters.inserted;
  const stepsAndInserts = () => coordinator.facts().counters.envSteps - inserted();
  proxy.resume();
  await until(
    () => coordinator.facts().workers.find((one) => one.id.startsWith("far"))?.state === "busy",
    PATIENT,
  );
  // It came back as a worker with nothing to do, and the run has room for two now: what it does is another task.
  const now = coordinator.facts();
  const mine = now.workers.find((one) => one.id.startsWith("far"));
  expect(mine?.taskId).not.toBe(id);
  expect(now.openTasks.filter((one) => one.id === id)).toHaveLength(1);
  await until(() => steps("far") > counted + 5, PATIENT);
  // Nothing was counted that was not inserted, but for what was on its way.
  expect(Math.abs(stepsAndInserts())).toBeLessThan(200);
});

test("a link that is cut mends itself: no attempt is lost, nothing is inserted twice", async () => {
  await using folder = await tempFolder();
  const port = await freePort();
  // The processes of workers come through here; their slaves join directly.
  await using proxy = await TcpProxy.open(port);
  await using coordinator = await startCoordinator(folder.path, {
    config: lineRun({ collectorTaskSpace: 1, evalInterval: 1_000 }),
    port,
    advertise: `127.0.0.1:${proxy.port}`,
  });
  const join = [coordinator.address];
  await using _learner = await joinWorker(lineLearner(), { name: "l1", join });
  await using _evaluator = await joinWorker(lineEvaluator(), { name: "e1", join });
  await using far = await joinWorker(lineCollector(), { name: "far", join });
  const steps = () => coordinator.facts().tallies.get("far")?.envSteps ?? 0;
  await until(() => steps() > 5, PATIENT);
  const before = proxy.accepted;
  for (let round = 0; round < 3; round++) {
    proxy.cut();
    const seen = steps();
    await until(() => steps() > seen + 5, PATIENT);
  }
  expect(proxy.accepted).toBeGreaterThan(before);
  expect(coordinator.facts().counters.failures).toBe(0);
  await far.close();
  await until(() => coordinator.facts().workers.length === 2, PATIENT);
  const { envSteps, inserted } = coordinator.facts().counters;
  // One item a step: the last one may have been under way when it was told to stop.
  expect(inserted - envSteps).toBeGreaterThanOrEqual(0);
  expect(inserted - envSteps).toBeLessThanOrEqual(1);
});
