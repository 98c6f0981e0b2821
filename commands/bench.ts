import { defineCommand, type CommandDef } from "citty";

const bench: CommandDef = defineCommand({
  meta: { name: "bench", description: "Measure how much a server bears, and how fast it answers" },
  subCommands: {
    serve: () => import("./bench-serve.ts").then((module) => module.benchServe),
  },
});

export default bench;
