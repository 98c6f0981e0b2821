import type { RunSettings } from "../config/run-schema.ts";
import type { CollectorOrder, LearnerOrder } from "../commander/commander.ts";
import type { CollectorTask, LearnerTask } from "../plugin/worker-task.ts";
import type { StartInfo } from "../plugin/worker-verbs.ts";
import type { TaskRecord } from "../tasks/task-record.ts";

/** What a worker is started with: the ancestor's keys, and the task as the house's workers read it. */
export function startInfo(task: TaskRecord, { main }: RunSettings, seed: number): StartInfo {
  const { id, attempt, kind } = task;
  const order = task.payload as CollectorOrder | LearnerOrder;
  const { policyId, bufferId, setting = {} } = order;
  const shared = {
    taskId: id,
    attempt,
    policyId,
    bufferId,
    setting,
    seed: seedOf(id, attempt, seed),
  };
  const keys = { task_id: id, attempt, policy_id: policyId, buffer_id: bufferId };
  if (kind === "learner") {
    const { config } = main.learner;
    const learning: LearnerTask = { ...shared, config };
    const { replay } = main;
    const learner_cfg = { exp_name: main.expName, ...config };
    return { ...keys, task: learning, learner_cfg, replay_buffer_cfg: { tables: replay.tables } };
  }
  const { episodes, players = [] } = order as CollectorOrder;
  const isEval = kind === "evaluator";
  const section = isEval ? (main.evaluator ?? main.collector) : main.collector;
  const { config } = section;
  const collecting: CollectorTask = { ...shared, config, isEval, episodes, players };
  const collector_cfg = {
    collect_setting: setting,
    policy_update_path: policyId,
    eval_flag: isEval,
    exp_name: main.expName,
    env: { episodes: episodes ?? null },
    policy: config,
  };
  return { ...keys, task: collecting, collector_cfg };
}

/** FNV-1a over what names the attempt. */
function seedOf(taskId: string, attempt: number, seed: number): number {
  let hash = 0x811c9dc5 ^ (seed >>> 0);
  for (const letter of `${taskId}#${attempt}`) {
    hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  }
  return hash >>> 0;
}
