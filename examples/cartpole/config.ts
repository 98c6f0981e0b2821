import { defineRun, queueLimit } from "ding";

/** Steps that may wait for the learner: as many as one update takes. */
const WAITING = 512;

export default defineRun({
  main: {
    exp_name: "cartpole",
    commander: { type: "solo", evalInterval: 2, evalEpisodes: 100, stopValue: 195 },
    collector: { plugin: "./collector.ts" },
    learner: { plugin: "./learner.ts" },
    evaluator: { plugin: "./evaluator.ts", config: { curve: "./cartpole" } },
    replay: {
      schema: {
        obs: { dtype: "float32", shape: [4] },
        action: "int32",
        chance: "float32",
        advantage: "float32",
        outcome: "float32",
      },
      tables: [
        {
          name: "train",
          maxSize: 4 * WAITING,
          sampler: "fifo",
          maxUse: 1,
          maxStaleness: 8,
          limiter: queueLimit(WAITING),
        },
      ],
    },
    weights: { keep: 4 },
  },
});
