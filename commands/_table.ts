import type { CommandDef } from "citty";

/** A subcommand of `ding`: described here, so that help needs not load it. */
export interface TableEntry {
  description: string;
  /** A whole command line, for the help of `ding` itself. */
  example?: string;
  load(): Promise<CommandDef>;
  /** Not for people: how the program starts its own children. */
  isHidden?: boolean;
}

/** Subcommands by name. */
export type Table = Readonly<Record<string, TableEntry>>;

/** Every subcommand of `ding`; docs/options.md is written from the same table. */
export const TABLE: Table = {
  slave: {
    description: "Execute tasks with a plugin, for one master at a time",
    example: "ding slave --channel 233 --plugin ./my.ts",
    load: () => import("./slave.ts").then((module) => module.default),
  },
  master: {
    description: "Give tasks to slaves, and look after them",
    example: "ding master submit tasks.json --slave 127.0.0.1:7236",
    load: () => import("./master.ts").then((module) => module.default),
  },
  serve: {
    description: "Serve models behind one port, in batches",
    example: "ding serve model.onnx",
    load: () => import("./serve.ts").then((module) => module.default),
  },
  decentral: {
    description: "Run a fleet of units that drains a queue and loses nothing",
    example: "ding decentral start --plugin ./unit.ts --queue sqlite:./jobs.db",
    load: () => import("./decentral.ts").then((module) => module.default),
  },
  task: {
    description: "Run a program in many processes that hear each other's events",
    example: "ding task --main ./main.ts --parallel-workers 2",
    load: () => import("./task.ts").then((module) => module.default),
  },
  coordinator: {
    description: "Run reinforcement learning that survives its workers",
    example: "ding coordinator --config ./cartpole.ts --local 2",
    load: () => import("./coordinator.ts").then((module) => module.default),
  },
  bench: {
    description: "Measure how much a server bears, and how fast it answers",
    example: "ding bench serve http://127.0.0.1:8900 --concurrency 1:32",
    load: () => import("./bench.ts").then((module) => module.default),
  },
  _health: {
    description: "How a container asks whether its program is well",
    load: () => import("./_health.ts").then((module) => module.health),
    isHidden: true,
  },
  _worker: {
    description: "A worker process of this program",
    load: () => import("./_worker.ts").then((module) => module.worker),
    isHidden: true,
  },
};

/** The subcommands that are meant for people. */
export function visibleNames(table: Table): string[] {
  return Object.keys(table).filter((name) => !table[name]?.isHidden);
}
