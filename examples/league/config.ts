import { defineRun, queueLimit } from "ding";

export default defineRun({
  main: {
    exp_name: "league",
    commander: {
      type: "oneVsOne",
      collectorTaskSpace: 2,
      evalInterval: 2,
      evalEpisodes: 200,
      stopValue: 0.85,
      league: { onePhaseStep: 20, gamesPerTask: 64 },
    },
    collector: { plugin: "./collector.ts", config: { results: "./league" } },
    learner: { plugin: "./learner.ts" },
    replay: {
      schema: { board: "int32", score: "float32" },
      tables: [
        { name: "games", maxSize: 8_192, sampler: "fifo", maxUse: 1, limiter: queueLimit(4_096) },
      ],
    },
  },
});
