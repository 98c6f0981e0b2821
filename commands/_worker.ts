import { defineCommand, type CommandDef } from "citty";
import { listenOptions } from "../src/config/listen.ts";
import { DingError } from "../src/core/errors.ts";
import { runFleetWorker } from "../src/decentral/worker/fleet-worker.ts";
import { parentChannel } from "../src/runtime/child-process.ts";
import { restoreBunOptions } from "../src/runtime/self.ts";
import { runModelWorker } from "../src/serve/worker/model-worker.ts";
import { runWorker } from "../src/slave/worker.ts";
import { runTaskWorker } from "../src/task/parallel/worker.ts";
import { runSupervisedChild } from "../src/task/supervisor/child-program.ts";
import { providePluginModules } from "./_plugin-modules.ts";
import { terminalLogger } from "./_terminal.ts";

const { logLevel } = listenOptions;

/** The programs of worker processes; hidden: only this program starts them. */
const PROGRAMS: Record<string, typeof runWorker> = {
  slave: runWorker,
  serve: runModelWorker,
  decentral: runFleetWorker,
  task: (log) => runTaskWorker(log),
  supervised: runSupervisedChild,
};

/** Ctrl-C and `kill` of a whole group reach workers too; their parent decides when they end. */
const PARENTS_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The hidden subcommand that a pool starts this program with. */
export const worker: CommandDef = defineCommand({
  meta: { name: "_worker", hidden: true },
  async run({ rawArgs: [program = ""] }) {
    const run = PROGRAMS[program];
    if (!run || !parentChannel()) {
      throw new DingError(
        "usage.invalid-option",
        "Cannot run a worker: only ding itself starts it",
      );
    }
    for (const signal of PARENTS_SIGNALS) process.on(signal, () => {});
    restoreBunOptions();
    providePluginModules();
    const level = logLevel.parse(process.env["DING_WORKER_LOG_LEVEL"]);
    run(await terminalLogger({ level }));
  },
});
