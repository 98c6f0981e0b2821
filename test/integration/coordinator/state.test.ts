import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Coordinator, defineCommander } from "../../../src/index.ts";
import { SoloCommander } from "../../../src/coordinator/commander/solo-commander.ts";
import { soloSettings } from "../../../src/coordinator/config/commander-settings.ts";
import { joinWorker, lineRun, startCoordinator } from "../../support/coordinator-run.ts";
import { lineCollector, lineLearner } from "../../support/coordinator-workers.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";

const FIXTURES = join(import.meta.dir, "../../e2e/fixtures/coordinator");
const PATIENT = { timeoutMs: 30_000 };

test("a run that was stopped goes on: counters, buffer, weights and tasks are those it had; workers come back", async () => {
  await using folder = await tempFolder();
  const first = await startCoordinator(folder.path);
  const { port } = first;
  await using _learner = await joinWorker(lineLearner(), { name: "l1", join: [first.address] });
  await using _one = await joinWorker(lineCollector(), { name: "c1", join: [first.address] });
  await until(() => first.facts().counters.learnerStep > 3, PATIENT);
  await first.close();
  const before = first.facts();
  const saved = readFileSync(join(folder.path, "state.ding"));
  expect(saved.length).toBeGreaterThan(1_000);

  await using second = await startCoordinator(folder.path, { resume: true, port });
  const after = second.facts();
  expect(after.counters).toMatchObject({
    envSteps: before.counters.envSteps,
    episodes: before.counters.episodes,
    learnerStep: before.counters.learnerStep,
  });
  // It was saved a moment before it was told.
  expect(after.elapsedMs).toBeGreaterThan(before.elapsedMs / 2);
  expect(after.buffers[0]?.bufferId).toBe(before.buffers[0]?.bufferId ?? "");
  expect(after.buffers[0]?.stats).toEqual(before.buffers[0]?.stats as never);
  expect(after.policies.map(({ newest }) => newest)).toEqual(
    before.policies.map(({ newest }) => newest),
  );
  const ids = (facts: typeof before) => facts.openTasks.map(({ id }) => id).toSorted();
  expect(ids(after)).toEqual(ids(before));
  await until(() => second.facts().counters.learnerStep > before.counters.learnerStep + 3, PATIENT);
  await until(() => second.facts().counters.envSteps > before.counters.envSteps, PATIENT);
  const now = second.facts();
  expect(now.openTasks.find(({ kind }) => kind === "learner")?.attempt).toBe(2);
  const versions = now.policies.map(({ newest }) => newest);
  expect(versions[0] ?? 0).toBeGreaterThan(before.policies[0]?.newest ?? 0);
});

test("stateDict() is everything in plain values: a coordinator that loads it has the same", async () => {
  await using one = await tempFolder();
  await using other = await tempFolder();
  await using first = await startCoordinator(one.path);
  await using _learner = await joinWorker(lineLearner(), { name: "l1", join: [first.address] });
  await using _one = await joinWorker(lineCollector(), { name: "c1", join: [first.address] });
  await until(() => first.facts().counters.learnerStep > 2, PATIENT);
  const state = structuredClone(first.stateDict());
  const options = { config: lineRun(), folder: FIXTURES, port: 0, snapshotDir: other.path };
  await using second = new Coordinator(options);
  expect(() => second.stateDict()).toThrow("Cannot use coordinator");
  second.loadStateDict(state);
  await second.start();
  const again = second.stateDict();
  expect(again.random).toEqual(state.random);
  await using third = await tempFolder();
  await using late = await startCoordinator(third.path);
  // What it has begun itself is no part of it.
  late.loadStateDict(state);
  expect(late.stateDict().run.tally.counters).toEqual(state.run.tally.counters);
  expect(again.run.tally.counters).toEqual(state.run.tally.counters);
  expect(again.run.commander).toMatchObject({
    policyId: (state.run.commander as { policyId: string }).policyId,
  });
  for (const [id, parts] of Object.entries(state.buffers)) expect(again.buffers[id]).toEqual(parts);
  const open = (dict: typeof state) => dict.run.tasks.tasks.map(({ id, kind }) => [id, kind]);
  expect(open(again)).toEqual(open(state));
});

test("a run that had reached its goal is not begun again when it is resumed, unless more of it is wanted", async () => {
  await using folder = await tempFolder();
  const first = await startCoordinator(folder.path, { config: lineRun({ stopValue: 3 }) });
  await using _learner = await joinWorker(lineLearner(), { name: "l1", join: [first.address] });
  await using _one = await joinWorker(lineCollector(), { name: "c1", join: [first.address] });
  await first.closed;
  const { envSteps } = first.facts().counters;
  const same = await startCoordinator(folder.path, {
    config: lineRun({ stopValue: 3 }),
    resume: true,
  });
  await same.closed;
  expect(same.summary()).toMatchObject({ reached: true, envSteps });
  const { port } = first;
  const config = lineRun({ stopValue: 100 });
  await using more = await startCoordinator(folder.path, { config, resume: true, port });
  expect(more.systemShutdownFlag).toBe(false);
  await more.closed;
  expect(more.summary()).toMatchObject({ reached: true });
  expect(more.summary()?.return).toBeGreaterThanOrEqual(100);
});

test("resume without a state, or with half of one, is refused with what to do", async () => {
  await using folder = await tempFolder();
  const error = await thrownBy(startCoordinator(folder.path, { resume: true }));
  expect(error).toMatchObject({ code: "usage.invalid-input" });
  expect((error as Error).message).toStartWith("Cannot resume: there is no ");
  const first = await startCoordinator(folder.path);
  await first.close();
  const whole = readFileSync(folder.file("state.ding"));
  await folder.write("state.ding", whole.subarray(0, whole.length - 3));
  const half = await thrownBy(startCoordinator(folder.path, { resume: true }));
  expect((half as Error).message).toEndWith("it is cut short");
});

test("a run that begins anew puts aside what another one left there", async () => {
  await using folder = await tempFolder();
  // Also one that waits for nobody saves what it has.
  await (await startCoordinator(folder.path)).close(0);
  await folder.write("notes.txt", "mine");
  const old = readFileSync(folder.file("state.ding"));
  await (await startCoordinator(folder.path)).close();
  expect(readFileSync(folder.file("before/state.ding"))).toEqual(old);
  expect(readFileSync(folder.file("notes.txt"), "utf8")).toBe("mine");
});

test("two coordinators do not use one folder, and one that cannot begin leaves it as it was", async () => {
  await using folder = await tempFolder();
  await using other = await tempFolder();
  await using first = await startCoordinator(folder.path);
  const taken = (await thrownBy(startCoordinator(folder.path))) as Error;
  expect(taken).toMatchObject({ code: "state.invalid" });
  expect(taken.message).toBe(`Cannot use ${folder.path}: another coordinator does`);
  expect(await thrownBy(startCoordinator(folder.path, { resume: true }))).toBeInstanceOf(Error);
  await folder.write("state.ding", "saved");
  await (await startCoordinator(other.path)).close();
  const before = readFileSync(other.file("state.ding"));
  await other.write("before/state.ding", "older");
  const error = await thrownBy(startCoordinator(other.path, { port: first.port }));
  expect(error).toMatchObject({ code: "network.in-use" });
  expect(readFileSync(other.file("state.ding"))).toEqual(before);
  expect(readFileSync(other.file("before/state.ding"), "utf8")).toBe("older");
  expect(readdirSync(other.path).toSorted()).toEqual(["before", "state.ding", "weights"]);
});

test("what is broken in a state drops its items, which are counted; without its head it is refused", async () => {
  await using folder = await tempFolder();
  const config = lineRun();
  config.main.replay = { schema: { at: "float64" }, tables: [{ name: "train", maxSize: 1_000 }] };
  const first = await startCoordinator(folder.path, { config });
  await using _one = await joinWorker(lineCollector(), { name: "c1", join: [first.address] });
  await until(() => first.facts().counters.inserted > 50, PATIENT);
  await first.close();
  const size = first.facts().buffers[0]?.stats.size ?? 0;
  const whole = readFileSync(folder.file("state.ding"));
  // A bit in the middle of the last frame, which has rows, but for the one that says how many there were.
  const broken = Uint8Array.from(whole);
  const at = whole.length - 200;
  broken[at] = (broken[at] ?? 0) ^ 1;
  await folder.write("state.ding", broken);
  const told: Record<string, unknown>[] = [];
  const log = {
    debug() {},
    info: (_: string, facts?: Record<string, unknown>) => void told.push(facts ?? {}),
    warn() {},
    error() {},
  };
  const second = await startCoordinator(folder.path, { config, resume: true, log });
  expect(second.facts().counters.envSteps).toBe(first.facts().counters.envSteps);
  expect(second.facts().buffers[0]?.stats.size).toBe(0);
  expect(told).toContainEqual(expect.objectContaining({ items: 0, lost: size }));
  await second.close(0);
  const league = lineRun({ type: "oneVsOne" });
  league.main.replay = config.main.replay;
  const other = startCoordinator(folder.path, { config: league, resume: true });
  expect(await thrownBy(other)).toMatchObject({ code: "usage.invalid-input" });
  broken[60] = (broken[60] ?? 0) ^ 1;
  await folder.write("state.ding", broken);
  const error = (await thrownBy(startCoordinator(folder.path, { config, resume: true }))) as Error;
  expect(error).toMatchObject({ code: "usage.invalid-input" });
  expect(error.message).toEndWith("it does not hold any more what was written");
});

test("a learner that is gone is followed by another one, which goes on from the newest weights", async () => {
  await using folder = await tempFolder();
  await using coordinator = await startCoordinator(folder.path);
  const join = [coordinator.address];
  await using _one = await joinWorker(lineCollector(), { name: "c1", join });
  const first = await joinWorker(lineLearner(), { name: "l1", join });
  await until(() => coordinator.facts().counters.learnerStep > 3, PATIENT);
  await first.close(0);
  const { counters, policies } = coordinator.facts();
  await using _second = await joinWorker(lineLearner(), { name: "l2", join });
  await until(() => coordinator.facts().counters.learnerStep > counters.learnerStep + 3, PATIENT);
  const now = coordinator.facts();
  expect(now.policies).toHaveLength(1);
  expect(now.policies[0]?.policyId).toBe(policies[0]?.policyId ?? "");
  // It learned one step for each version, so that a gap would show.
  expect(now.policies[0]?.newest ?? 0).toBeGreaterThanOrEqual(now.counters.learnerStep);
  expect(now.openTasks.find(({ kind }) => kind === "learner")).toMatchObject({
    attempt: 2,
    workerId: "l2",
  });
});

test.each([
  ["no order", { hello: 1 }, "it gave a task without taskId"],
  ["a promise", Promise.resolve({}), "it gave a task without taskId"],
  [
    "the same task twice",
    { taskId: "t", policyId: "p", bufferId: "b" },
    'Cannot add task "t": there is one',
  ],
])("a commander that gives %s fails the run with a state", async (_, order, words) => {
  await using folder = await tempFolder();
  const type = defineCommander(({ settings, seed }) => {
    const solo = new SoloCommander(soloSettings.parse(settings), { seed });
    solo.nextLearnerTask = () => order as never;
    return solo;
  });
  const coordinator = await startCoordinator(folder.path, { config: lineRun({ type }) });
  const error = (await thrownBy(coordinator.closed)) as Error;
  expect(error.message).toBe(`Cannot go on: the commander failed in nextLearnerTask: ${words}`);
  await until(() => coordinator.state === "failed", PATIENT);
  expect(readdirSync(folder.path)).toContain("state.ding");
});

test("a commander that throws fails the run, with its words and a state to go on from", async () => {
  await using folder = await tempFolder();
  const type = defineCommander(({ settings, seed }) => {
    const solo = new SoloCommander(soloSettings.parse(settings), { seed });
    const judge = solo.judgeLearnerFinish.bind(solo);
    solo.judgeLearnerFinish = (taskId, info) => {
      if (info.learnerStep > 2) throw new Error("no idea");
      return judge(taskId, info);
    };
    return solo;
  });
  const coordinator = await startCoordinator(folder.path, { config: lineRun({ type }) });
  const join = [coordinator.address];
  await using _one = await joinWorker(lineCollector(), { name: "c1", join });
  await using _learner = await joinWorker(lineLearner(), { name: "l1", join });
  const error = (await thrownBy(coordinator.closed)) as Error;
  expect(error).toMatchObject({ code: "plugin.invalid" });
  expect(error.message).toBe("Cannot go on: the commander failed in judgeLearnerFinish: no idea");
  await until(() => coordinator.state === "failed", PATIENT);
  await using again = await startCoordinator(folder.path, { resume: true });
  expect(again.facts().counters.envSteps).toBe(coordinator.facts().counters.envSteps);
  expect(again.facts().openTasks.length).toBeGreaterThan(0);
});
