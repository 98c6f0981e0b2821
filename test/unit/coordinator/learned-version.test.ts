import { expect, test } from "bun:test";
import { learnedVersion } from "../../../src/coordinator/status.ts";
import type { TaskRecord } from "../../../src/coordinator/tasks/task-record.ts";

const policy = (policyId: string, newest: number) => ({
  policyId,
  newest,
  kept: [newest],
  sha256: "",
  bytes: 1,
});

test("learnedVersion() is that of the policy which is learned, not of a league's snapshots", () => {
  const learner: TaskRecord = {
    id: "learner_task_1",
    kind: "learner",
    attempt: 1,
    state: "running",
    queuedAt: 0,
    notBefore: 0,
    payload: { policyId: "b" },
  };
  const policies = [policy("a", 90), policy("b", 40), policy("b_snapshot_0", 1)];
  expect(learnedVersion({ openTasks: [learner], policies })).toBe(40);
  expect(learnedVersion({ openTasks: [], policies })).toBe(90);
  expect(learnedVersion({ openTasks: [], policies: [] })).toBe(0);
});
