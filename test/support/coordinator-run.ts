import { join } from "node:path";
import { Coordinator } from "../../src/coordinator/coordinator.ts";
import type { CoordinatorOptions } from "../../src/coordinator/coordinator-options.ts";
import type { CommanderSection, RunConfig } from "../../src/coordinator/config/run-config.ts";
import type { TaskContext } from "../../src/slave/context.ts";
import type { SlavePlugin } from "../../src/slave/plugin.ts";
import { Slave } from "../../src/slave/slave.ts";
import type { SlaveOptions } from "../../src/slave/slave-options.ts";

const PLUGINS = join(import.meta.dir, "../e2e/fixtures/coordinator");

/** A run over `test/e2e/fixtures/coordinator`, whose workers a test starts itself. */
export function lineRun(commander: CommanderSection = {}): RunConfig {
  return {
    main: {
      exp_name: "line",
      commander: { evalInterval: 0.05, evalEpisodes: 1, stopValue: 1e9, ...commander },
      collector: { plugin: "./collector.ts" },
      learner: { plugin: "./learner.ts" },
      replay: { tables: [{ name: "train", maxSize: 1_000 }] },
    },
    system: { coordinator: { snapshotInterval: 1_000_000 } },
  };
}

/** A started coordinator on a free port, with its state in the folder. */
export async function startCoordinator(
  snapshotDir: string,
  options: Partial<CoordinatorOptions> = {},
): Promise<Coordinator> {
  const coordinator = new Coordinator({
    config: lineRun(),
    folder: PLUGINS,
    port: 0,
    snapshotDir,
    drainTimeoutMs: 5_000,
    ...options,
  });
  return await coordinator.start();
}

/** A worker in this process: a slave with this plugin, that joins. */
export async function joinWorker(plugin: SlavePlugin, options: SlaveOptions): Promise<Slave> {
  return await new PluggedSlave(plugin, { port: 0, ...options }).start();
}

class PluggedSlave extends Slave {
  readonly #plugin: SlavePlugin;

  constructor(plugin: SlavePlugin, options: SlaveOptions) {
    super(options);
    this.#plugin = plugin;
  }

  override processTask(task: unknown, context: TaskContext): unknown {
    return this.#plugin.processTask(task, context);
  }

  override lostConnection(address: string, error: Error): unknown {
    return this.#plugin.lostConnection?.(address, error);
  }

  override beforeDisconnection(data: unknown): unknown {
    return this.#plugin.beforeDisconnection?.(data);
  }
}
