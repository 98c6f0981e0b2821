import { expect, test } from "bun:test";
import type {
  CollectorFinish,
  CollectorInfo,
} from "../../../src/coordinator/commander/commander.ts";
import { SoloCommander } from "../../../src/coordinator/commander/solo-commander.ts";
import { soloSettings } from "../../../src/coordinator/config/commander-settings.ts";
import type { TaskRecord } from "../../../src/coordinator/tasks/task-record.ts";

const INFO: CollectorInfo = {
  collectorDone: false,
  envSteps: 10,
  episodes: 1,
  returnSum: 5,
  policyVersion: 1,
};

function finish(more: Partial<CollectorFinish>): CollectorFinish {
  return {
    ...INFO,
    collectorDone: true,
    isEval: false,
    rewardMean: 0,
    rewardStd: 0,
    durationMs: 1,
    wins: 0,
    draws: 0,
    losses: 0,
    ...more,
  };
}

function solo(more: object = {}): SoloCommander {
  const settings = { collectorTaskSpace: 2, evalInterval: 10, evalEpisodes: 3, stopValue: 9 };
  return new SoloCommander(soloSettings.parse({ ...settings, ...more }), { seed: 1 });
}

/** The learner has published its first weights. */
function learned(commander: { updateLearnerInfo: SoloCommander["updateLearnerInfo"] }): void {
  commander.updateLearnerInfo("x", { learnerStep: 0, learnerDone: false, policyVersion: 1 });
}

const failed = (id: string, state: TaskRecord["state"]): TaskRecord => ({
  id,
  kind: "collector",
  attempt: 1,
  state,
  queuedAt: 0,
  notBefore: 0,
  payload: null,
});

test("a learner's task comes first, with a policy and a buffer; with its weights an evaluation, then collections", () => {
  const commander = solo();
  expect(commander.nextCollectorTask(0)).toBeNull();
  const learner = commander.nextLearnerTask(0);
  expect(learner?.taskId).toMatch(/^learner_task_/);
  expect(learner?.policyId).toMatch(/^policy_/);
  expect(learner?.bufferId).toMatch(/^buffer_/);
  expect(commander.nextLearnerTask(0)).toBeNull();
  learned(commander);
  const first = commander.nextCollectorTask(0);
  expect(first).toMatchObject({ kind: "evaluator", episodes: 3, bufferId: learner?.bufferId });
  expect(first?.taskId).toMatch(/^evaluator_task_/);
  const second = commander.nextCollectorTask(0);
  expect(second).toMatchObject({ kind: "collector", policyId: learner?.policyId });
  // An evaluation took one of the two places: there is no evaluator.
  expect(commander.nextCollectorTask(0)).toBeNull();
});

test("evaluators of their own leave the collectors' places alone", () => {
  const commander = solo();
  commander.onWorkers({ collectors: 2, learners: 1, evaluators: 1 });
  commander.nextLearnerTask(0);
  learned(commander);
  const kinds = [0, 0, 0, 0].map(() => commander.nextCollectorTask(0)?.kind);
  expect(kinds).toEqual(["evaluator", "collector", "collector", undefined]);
});

test("an evaluation that reaches stopValue ends the run; a short one, or collectors' returns, do not", () => {
  const commander = solo();
  commander.nextLearnerTask(0);
  learned(commander);
  const evaluation = commander.nextCollectorTask(0);
  const short = finish({ isEval: true, episodes: 2, rewardMean: 99 });
  expect(commander.finishCollectorTask(evaluation?.taskId ?? "", short)).toEqual({
    shutdown: false,
  });
  const collection = commander.nextCollectorTask(0);
  const good = finish({ episodes: 9, rewardMean: 99 });
  expect(commander.finishCollectorTask(collection?.taskId ?? "", good)).toEqual({
    shutdown: false,
  });
  expect(commander.wakeAt(0)).toBe(10_000);
  const next = commander.nextCollectorTask(10_000);
  expect(next?.kind).toBe("evaluator");
  const reached = finish({ isEval: true, episodes: 3, rewardMean: 9 });
  expect(commander.finishCollectorTask(next?.taskId ?? "", reached)).toEqual({ shutdown: true });
  expect(commander.nextCollectorTask(20_000)).toBeNull();
  expect(commander.nextLearnerTask(20_000)).toBeNull();
});

test("where only collectors can evaluate, one of them makes room when an evaluation is due", () => {
  const commander = solo();
  commander.nextLearnerTask(0);
  learned(commander);
  const evaluation = commander.nextCollectorTask(0);
  commander.finishCollectorTask(evaluation?.taskId ?? "", finish({ isEval: true, episodes: 3 }));
  const one = commander.nextCollectorTask(1)?.taskId ?? "";
  const two = commander.nextCollectorTask(1)?.taskId ?? "";
  expect(commander.judgeCollectorFinish(one, INFO)).toBe(false);
  expect(commander.nextCollectorTask(10_000)).toBeNull();
  expect(commander.judgeCollectorFinish(one, INFO)).toBe(true);
  expect(commander.judgeCollectorFinish(two, INFO)).toBe(false);
  commander.finishCollectorTask(one, finish({}));
  expect(commander.nextCollectorTask(10_001)?.kind).toBe("evaluator");
});

test("the end of a learner closes its buffer, and the next one begins with a fresh policy", () => {
  const commander = solo();
  const first = commander.nextLearnerTask(0);
  learned(commander);
  const info = { learnerStep: 5, learnerDone: true, policyVersion: 5 };
  expect(commander.judgeLearnerFinish(first?.taskId ?? "", info)).toBe(true);
  const ended = commander.finishLearnerTask(first?.taskId ?? "", info);
  expect(ended).toEqual({ closeBuffer: first?.bufferId ?? "", shutdown: false });
  const second = commander.nextLearnerTask(1);
  expect(second?.policyId).not.toBe(first?.policyId);
  expect(second?.bufferId).not.toBe(first?.bufferId);
});

test("without a stopValue the learner's end is the end of the run", () => {
  const commander = new SoloCommander(soloSettings.parse({}), { seed: 1 });
  const task = commander.nextLearnerTask(0);
  learned(commander);
  const info = { learnerStep: 5, learnerDone: true, policyVersion: 5 };
  expect(commander.finishLearnerTask(task?.taskId ?? "", info).shutdown).toBe(true);
});

test("a failed task is tried again; one that is given up gives its place back, and a learner's policy stays", () => {
  const commander = solo();
  const learner = commander.nextLearnerTask(0);
  learned(commander);
  commander.nextCollectorTask(0);
  const collection = commander.nextCollectorTask(0)?.taskId ?? "";
  expect(commander.onTaskFailed(failed(collection, "queued"))).toBe("retry");
  expect(commander.nextCollectorTask(0)).toBeNull();
  expect(commander.onTaskFailed(failed(collection, "failed"))).toBe("drop");
  expect(commander.nextCollectorTask(0)?.kind).toBe("collector");
  expect(commander.onTaskFailed(failed(learner?.taskId ?? "", "failed"))).toBe("drop");
  expect(commander.nextLearnerTask(0)?.policyId).toBe(learner?.policyId ?? "");
});

test("collect may be a function of what is known: the setting of each new task", () => {
  const commander = solo({
    collect: ({ learnerStep }: { learnerStep: number }) => ({ eps: 1 / (1 + learnerStep) }),
  });
  commander.onWorkers({ collectors: 3, learners: 1, evaluators: 1 });
  commander.nextLearnerTask(0);
  learned(commander);
  commander.nextCollectorTask(0);
  expect(commander.nextCollectorTask(0)?.setting).toEqual({ eps: 1 });
  commander.updateLearnerInfo("x", { learnerStep: 3, learnerDone: false, policyVersion: 3 });
  expect(commander.nextCollectorTask(0)?.setting).toEqual({ eps: 0.25 });
});

test("stateDict() and loadStateDict() go on: places taken stay taken, the same names follow", () => {
  const commander = solo();
  commander.nextLearnerTask(0);
  learned(commander);
  commander.nextCollectorTask(0);
  const saved = commander.stateDict(4_000);
  const again = solo();
  again.loadStateDict(structuredClone(saved), 100_000);
  expect(again.stateDict(100_000)).toEqual(saved);
  expect(again.wakeAt(100_000)).toBeUndefined();
  expect(again.nextLearnerTask(100_000)).toBeNull();
  const taskId = again.nextCollectorTask(100_000)?.taskId ?? "";
  expect(taskId).toBe(commander.nextCollectorTask(4_000)?.taskId ?? "none");
});

test("learnerTaskSpace is how many learn at a time, one policy from one buffer; the last one's end is the end", () => {
  const commander = solo({ learnerTaskSpace: 2, stopValue: undefined });
  const tasks = [commander.nextLearnerTask(0), commander.nextLearnerTask(0)];
  expect(commander.nextLearnerTask(0)).toBeNull();
  const [one, two] = tasks.map((task) => task?.taskId ?? "");
  expect(one).not.toBe(two ?? "");
  const { policyId = "", bufferId = "" } = tasks[0] ?? {};
  expect(tasks[1]).toMatchObject({ policyId, bufferId });
  // One that is given up is followed by another.
  expect(commander.onTaskFailed(failed(one ?? "", "failed"))).toBe("drop");
  const third = commander.nextLearnerTask(0);
  expect(third).toMatchObject({ policyId, bufferId });
  const done = { learnerStep: 9, learnerDone: true, policyVersion: 9 };
  expect(commander.finishLearnerTask(two ?? "", done)).toEqual({ shutdown: false });
  const again = solo({ learnerTaskSpace: 2, stopValue: undefined });
  again.loadStateDict(structuredClone(commander.stateDict(0)), 0);
  for (const each of [commander, again]) {
    expect(each.nextLearnerTask(0)).toBeNull();
    const end = each.finishLearnerTask(third?.taskId ?? "", done);
    expect(end).toEqual({ closeBuffer: bufferId, shutdown: true });
  }
});
