import { expect, test } from "bun:test";
import { OneVsOneCommander } from "../../../src/coordinator/commander/one-vs-one-commander.ts";
import { oneVsOneSettings } from "../../../src/coordinator/config/commander-settings.ts";
import type { Player } from "../../../src/coordinator/plugin/worker-task.ts";

/** The learner has published its first weights. */
function learned(one: OneVsOneCommander): void {
  one.updateLearnerInfo("x", { learnerStep: 0, learnerDone: false, policyVersion: 1 });
}

function commander(more: object = {}): OneVsOneCommander {
  const settings = {
    evalInterval: 10,
    evalEpisodes: 2,
    stopValue: 0.5,
    league: { pfsp: 1 },
    ...more,
  };
  const made = new OneVsOneCommander(oneVsOneSettings.parse(settings), { seed: 1 });
  made.onWorkers({ collectors: 2, learners: 1, evaluators: 1 });
  return made;
}

const RESULT = {
  collectorDone: true,
  envSteps: 10,
  episodes: 16,
  returnSum: 0,
  policyVersion: 1,
  isEval: false,
  rewardMean: 0,
  rewardStd: 0,
  durationMs: 1,
  draws: 0,
};

test("a task is so many games of a match: at first against itself, then against a snapshot's own policy", () => {
  const one = commander();
  const learner = one.nextLearnerTask(0);
  const policyId = learner?.policyId ?? "";
  const main = { playerId: "main", policyId, version: undefined };
  expect(one.nextCollectorTask(0)).toMatchObject({ episodes: 16, players: [main, main] });
  one.updateLearnerInfo(learner?.taskId ?? "", {
    learnerStep: 1,
    learnerDone: false,
    policyVersion: 1,
  });
  one.nextCollectorTask(0); // the evaluation
  const copy = { policyId, version: 1, toPolicyId: `${policyId}_snapshot_0` };
  expect(one.takeCopies()).toEqual([copy]);
  const away = { playerId: "snapshot_0", policyId: copy.toPolicyId, version: 1 };
  const second = one.nextCollectorTask(0);
  expect(second).toMatchObject({ players: [main, away] });
  one.finishCollectorTask(second?.taskId ?? "", { ...RESULT, wins: 12, losses: 4 });
  const { players } = one.facts() as {
    players: { playerId: string; winRate: number; rating: number }[];
  };
  expect(players[1]).toMatchObject({ playerId: "snapshot_0" });
  expect(players[1]?.winRate).toBeGreaterThan(0.7);
  expect(players[0]?.rating ?? 0).toBeGreaterThan(players[1]?.rating ?? 0);
  const third = one.nextCollectorTask(0) as { players: readonly Player[] };
  expect(third.players.map(({ rating }) => rating)).toEqual([
    players[0]?.rating,
    players[1]?.rating,
  ]);
});

test("evaluations go from easy to hard opponents; only the hardest can end the run", () => {
  const one = commander({ league: { evalOpponents: ["EASY", "HARD"] } });
  one.nextLearnerTask(0);
  learned(one);
  const first = one.nextCollectorTask(0);
  expect(first).toMatchObject({ kind: "evaluator", setting: { evalOpponent: "EASY" } });
  const won = { ...RESULT, isEval: true, rewardMean: 1, wins: 16, losses: 0 };
  expect(one.finishCollectorTask(first?.taskId ?? "", won)).toEqual({ shutdown: false });
  const second = one.nextCollectorTask(10_000);
  expect(second).toMatchObject({ setting: { evalOpponent: "HARD" } });
  expect(one.finishCollectorTask(second?.taskId ?? "", won)).toEqual({ shutdown: true });
});

test("without named opponents an evaluation is against the first snapshot", () => {
  const one = commander();
  const learner = one.nextLearnerTask(0);
  one.updateLearnerInfo(learner?.taskId ?? "", {
    learnerStep: 1,
    learnerDone: false,
    policyVersion: 1,
  });
  expect(one.nextCollectorTask(0)?.players?.map(({ playerId }) => playerId)).toEqual([
    "main",
    "snapshot_0",
  ]);
});

test("stateDict() and loadStateDict() keep league, matches and places", () => {
  const one = commander();
  const learner = one.nextLearnerTask(0);
  one.updateLearnerInfo(learner?.taskId ?? "", {
    learnerStep: 1,
    learnerDone: false,
    policyVersion: 1,
  });
  one.nextCollectorTask(0);
  const task = one.nextCollectorTask(0);
  const saved = structuredClone(one.stateDict(5_000));
  const again = commander();
  again.loadStateDict(saved, 9_000);
  expect(again.stateDict(9_000)).toEqual(saved);
  again.finishCollectorTask(task?.taskId ?? "", { ...RESULT, wins: 16, losses: 0 });
  const { players } = again.facts() as { players: { rating: number }[] };
  expect(players[0]?.rating ?? 0).toBeGreaterThan(0);
});
