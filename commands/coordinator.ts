import { join } from "node:path";
import { listenTls } from "../src/config/tls-files.ts";
import type { Coordinator } from "../src/coordinator/coordinator.ts";
import { type CoordinatorCommandOptions, coordinatorOptions } from "../src/coordinator/options.ts";
import { bothLoggers, LogFiles } from "./_log-files.ts";
import { providePluginModules } from "./_plugin-modules.ts";
import { roleCommand } from "./_role.ts";
import type { Tools } from "./_tools.ts";
import { visibleLine } from "./_visible.ts";

export default roleCommand(
  {
    name: "coordinator",
    description: "Run reinforcement learning over slaves: collectors, learners, evaluators",
    examples: [
      "ding coordinator --config ./cartpole.ts --local 2",
      "ding coordinator --config ./cartpole.ts --local 2 --seed 1 --json",
      "ding coordinator --config ./cartpole.ts --local 2 --resume",
      "ding coordinator --config ./run.ts --host 0.0.0.0 --token-file ./token",
      "ding slave --plugin ./collector.ts --join coordinator.example:22273",
      "ding coordinator status",
      "ding coordinator add --local 2",
    ],
    options: coordinatorOptions,
    // Loaded when it is started: help and faulty options need none of it.
    create: async (options, tools) => {
      const { Coordinator } = await import("../src/coordinator/coordinator.ts");
      const { readRun } = await import("../src/coordinator/config/read-run.ts");
      // The configuration, and a commander of one's own, run here.
      providePluginModules();
      const read = await readRun(options.config);
      const { log, workerOutput } = logsOf(options, tools, read.settings.main.expName);
      return new Coordinator({
        config: read.config,
        folder: read.folder,
        configName: options.config,
        ...placeOf(options),
        token: tools.token,
        insecure: options.insecure,
        tls: listenTls(options),
        localFlags: tlsFlags(options),
        advertise: options.advertise,
        channel: options.channel,
        local: options.local,
        seed: options.seed,
        snapshotDir: options.snapshotDir,
        resume: options.resume,
        drainTimeoutMs: options.drainTimeoutMs,
        logLevel: options.verbose ? "debug" : quieter(options.logLevel),
        log,
        workerOutput,
      });
    },
    lastLine: (service) => (service as Coordinator).summary(),
  },
  {
    status: () => import("./_coordinator-control.ts").then((module) => module.coordinatorStatus),
    add: () => import("./_coordinator-control.ts").then((module) => module.coordinatorAdd),
    remove: () => import("./_coordinator-control.ts").then((module) => module.coordinatorRemove),
    drain: () => import("./_coordinator-control.ts").then((module) => module.coordinatorDrain),
    stop: () => import("./_coordinator-control.ts").then((module) => module.coordinatorStop),
  },
);

/** Where to listen: what was said here goes before what the configuration says. */
function placeOf({ host, port }: CoordinatorCommandOptions): { host?: string; port?: number } {
  const { shape } = coordinatorOptions;
  const isHost = host !== shape.host.parse(undefined);
  const isPort = port !== shape.port.parse(undefined);
  return { ...(isHost && { host }), ...(isPort && { port }) };
}

/** Without --log-dir the files lie in ./EXP_NAME/log, and the terminal shows the same. */
function logsOf(
  options: CoordinatorCommandOptions,
  { log, token, workerOutput: given }: Tools,
  expName: string,
): Pick<Tools, "log" | "workerOutput"> {
  if (options.logDir !== undefined || options.logLevel === "silent") {
    return { log, ...(given && { workerOutput: given }) };
  }
  const { logName, logMaxBytes, logKeep, verbose, logLevel } = options;
  const files = new LogFiles({
    folder: join(".", expName, "log"),
    name: logName,
    level: verbose ? "debug" : logLevel,
    maxBytes: logMaxBytes,
    keep: logKeep,
    secrets: [token],
    onTrouble: (message) => log.warn(message),
  });
  const workerOutput = (line: string, from: Record<string, unknown> = {}): void => {
    files.forward(line, from);
    process.stderr.write(`${String(from["worker"])}: ${visibleLine(line)}\n`);
  };
  return { log: bothLoggers(files.logger, log), workerOutput };
}

/** What local slaves say of themselves the coordinator says too. */
function quieter(level: CoordinatorCommandOptions["logLevel"]): string {
  return level === "info" ? "warn" : level;
}

/** By which local slaves are reached, and join, where the coordinator speaks TLS. */
function tlsFlags({ tlsCert, tlsKey, tlsCa }: CoordinatorCommandOptions): string[] {
  if (tlsCert === undefined || tlsKey === undefined) return [];
  return ["--tls-cert", tlsCert, "--tls-key", tlsKey, "--tls-ca", tlsCa ?? tlsCert];
}
