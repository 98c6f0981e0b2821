import type { SlavePlugin } from "../../slave/plugin.ts";
import type { LearnInfo } from "../commander/commander.ts";
import type { LearnerDefinition } from "./definitions.ts";
import type { LearnerContext } from "./worker-context.ts";
import { workerPlugin } from "./worker-plugin.ts";
import type { LearnerTask } from "./worker-task.ts";

/** A slave's plugin that learns: `ding slave --plugin THIS --join COORDINATOR`. */
export function defineLearner({ learn, resources }: LearnerDefinition): SlavePlugin {
  return workerPlugin({
    role: "learner",
    resources,
    begin(attempt, { task_info, log }, parts) {
      let told: { learnerStep: number; [name: string]: number } = { learnerStep: 0 };
      const info = (learnerDone: boolean): LearnInfo => ({
        ...told,
        learnerDone,
        policyVersion: parts.weights.newest,
      });
      const context: LearnerContext = {
        task: task_info.task as LearnerTask,
        weights: parts.weights,
        replay: parts.replay,
        signal: attempt.signal,
        draining: attempt.draining,
        log,
        report(said) {
          told = { ...said, learnerStep: Math.max(said.learnerStep, told.learnerStep) };
          attempt.changed();
        },
      };
      attempt.run(() => learn(context));
      return { attempt, info, finish: () => info(true) };
    },
  });
}
