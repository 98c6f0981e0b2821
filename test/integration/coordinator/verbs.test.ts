import { expect, test } from "bun:test";
import { TaskFail } from "../../../src/index.ts";
import { joinWorker, lineRun, startCoordinator } from "../../support/coordinator-run.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 30_000 };

interface Verb {
  name: string;
  data?: unknown[];
  task_info?: Record<string, unknown>;
}

/** A collector as the ancestor has it: asked for data again and again, one thing at a time. */
function plainCollector(heard: string[]) {
  let at = 0;
  let isEval = false;
  return {
    processTask({ name, task_info }: Verb): unknown {
      heard.push(name);
      if (name === "resource") return { cpu: 20, gpu: 1 };
      if (name === "collector_start_task") {
        at = 0;
        isEval =
          (task_info?.["collector_cfg"] as { eval_flag?: boolean } | undefined)?.eval_flag === true;
        return { message: "collector task has started" };
      }
      if (name === "collector_data_task") {
        at += 1;
        if (isEval || at > 5) return { collector_done: true, cur_step: at, cur_episode: 1 };
        return { data_id: `env_${at}`, policy_iter: 0, priority: 1, obs: at };
      }
      if (name === "collector_close_task") {
        return {
          reward_mean: isEval ? 10 : 1,
          real_episode_count: 1,
          step_count: at,
          eval_flag: isEval,
        };
      }
      throw new TaskFail({ message: "illegal collector task" });
    },
  };
}

/** A learner as the ancestor has it: says what it wants, gets it, says what came of it. */
function plainLearner(heard: string[], batches: unknown[][]) {
  let step = 0;
  return {
    processTask({ name, data }: Verb): unknown {
      heard.push(name);
      if (name === "resource") return { gpu: 1 };
      if (name === "learner_start_task") return { message: "learner task has started" };
      if (name === "learner_get_data_task") return { batch_size: 3, cur_learner_iter: step };
      if (name === "learner_learn_task") {
        batches.push(data ?? []);
        step += 1;
        const ids = (data as { replay_unique_id: number }[]).map((one) => one.replay_unique_id);
        const priority_info = { priority: ids.map(() => 2), replay_unique_id: ids };
        return { info: { learner_step: step, learner_done: false, priority_info } };
      }
      return { message: "closed" };
    },
  };
}

test("slaves that know only the ancestor's verbs work too: a run of them ends by their evaluation", async () => {
  await using folder = await tempFolder();
  const config = lineRun({ stopValue: 10, collectorTaskSpace: 1 });
  await using coordinator = await startCoordinator(folder.path, { config });
  const join = [coordinator.address];
  const [collected, learned]: [string[], string[]] = [[], []];
  const batches: unknown[][] = [];
  await using _one = await joinWorker(plainCollector(collected), { name: "collector-1", join });
  await using _two = await joinWorker(plainLearner(learned, batches), { name: "learner-1", join });
  await coordinator.closed;
  expect(coordinator.summary()).toMatchObject({ reached: true, return: 10 });
  expect(collected.slice(0, 3)).toEqual([
    "resource",
    "collector_start_task",
    "collector_data_task",
  ]);
  expect(learned.slice(0, 4)).toEqual([
    "resource",
    "learner_start_task",
    "learner_get_data_task",
    "learner_learn_task",
  ]);
  expect(batches[0]).toHaveLength(3);
  expect(batches[0]?.[0]).toMatchObject({ policy_iter: 0, IS: 1 });
  expect(coordinator.summary()?.envSteps ?? 0).toBeGreaterThan(5);
});

test("what is said of a task twice, or of none, changes nothing: a collector is told nothing, a learner that there is none", async () => {
  await using folder = await tempFolder();
  await using coordinator = await startCoordinator(folder.path, {
    config: lineRun({ collectorTaskSpace: 1 }),
  });
  const join = [coordinator.address];
  const [heard, batches]: [string[], unknown[][]] = [[], []];
  await using _one = await joinWorker(plainCollector([]), { name: "collector-1", join });
  await using _two = await joinWorker(plainLearner(heard, batches), { name: "learner-1", join });
  await until(() => coordinator.facts().tasks.done > 2, PATIENT);
  const { taskId, bufferId } = await until(() => {
    const task = coordinator
      .facts()
      .openTasks.find(({ kind, state }) => kind === "collector" && state === "running");
    return task && { taskId: task.id, bufferId: coordinator.facts().buffers[0]?.bufferId ?? "" };
  }, PATIENT);
  const done = () => coordinator.facts().tasks.done;
  const before = done();
  coordinator.dealWithCollectorFinishTask(taskId, { reward_mean: 1, step_count: 3 });
  expect(done()).toBe(before + 1);
  coordinator.dealWithCollectorFinishTask(taskId, { reward_mean: 1, step_count: 3 });
  expect(done()).toBe(before + 1);
  expect(coordinator.dealWithCollectorJudgeFinish(taskId, { collector_done: true })).toBe(false);
  expect(await coordinator.dealWithCollectorSendData(taskId, bufferId, "x", { obs: 1 })).toBe(
    false,
  );
  expect(() => coordinator.dealWithLearnerGetData("learner_task_no", bufferId, 1, 0)).toThrow(
    'Cannot find learner task "learner_task_no"',
  );
  expect(() => coordinator.dealWithLearnerSendInfo("learner_task_no", bufferId, {})).toThrow();
  expect(coordinator.systemShutdownFlag).toBe(false);
});

test("a worker whose code fails each time fails the run, with its own words", async () => {
  await using folder = await tempFolder();
  const config = lineRun();
  config.system = { coordinator: { maxAttempts: 2 } };
  const coordinator = await startCoordinator(folder.path, { config });
  const join = [coordinator.address];
  const plugin = {
    processTask({ name }: Verb): unknown {
      if (name === "resource") return { role: "learner" };
      throw new Error("no such environment");
    },
  };
  await using _one = await joinWorker(plugin, { name: "l1", join });
  const error = (await thrownBy(coordinator.closed)) as Error;
  expect(error).toMatchObject({ code: "task.failed" });
  expect(error.message).toContain("no such environment");
  await until(() => coordinator.state === "failed", PATIENT);
});

test("a worker on which everything fails is let go of, where another one works: the run goes on", async () => {
  await using folder = await tempFolder();
  const config = lineRun({ collectorTaskSpace: 2 });
  config.system = { coordinator: { maxAttempts: 3 } };
  const errors: string[] = [];
  const log = {
    debug() {},
    info() {},
    warn: (text: string) => void errors.push(text),
    error: (text: string) => void errors.push(text),
  };
  await using coordinator = await startCoordinator(folder.path, { config, log });
  const join = [coordinator.address];
  await using _two = await joinWorker(plainLearner([], []), { name: "learner-1", join });
  await using _one = await joinWorker(plainCollector([]), { name: "collector-1", join });
  await until(() => coordinator.facts().tasks.done > 2, PATIENT);
  const bad = { processTask: ({ name }: Verb) => (name === "resource" ? { cpu: 1 } : 42) };
  await using broken = await joinWorker(bad, { name: "collector-2", join });
  await until(
    () => errors.find((text) => text.startsWith("worker collector-2 is let go")),
    PATIENT,
  );
  expect(errors.find((text) => text.includes("the collector said 42, no object"))).toBeDefined();
  await until(() => broken.status().master === null, PATIENT);
  const { done } = coordinator.facts().tasks;
  await until(() => coordinator.facts().tasks.done > done + 2, PATIENT);
  expect(coordinator.facts().workers.map(({ id }) => id)).not.toContain("collector-2");
});

test("a slave that runs several tasks at a time is not used, and not asked again and again", async () => {
  await using folder = await tempFolder();
  const warnings: string[] = [];
  const log = {
    debug() {},
    info() {},
    warn: (text: string) => void warnings.push(text),
    error() {},
  };
  await using coordinator = await startCoordinator(folder.path, { log });
  const join = [coordinator.address];
  await using _one = await joinWorker(plainCollector([]), { name: "wide", concurrency: 2, join });
  await until(() => warnings.find((text) => text.includes("2 tasks at a time")), PATIENT);
  expect(coordinator.facts().workers).toEqual([]);
});
