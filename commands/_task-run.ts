import { listenTls } from "../src/config/tls-files.ts";
import { DingError } from "../src/core/errors.ts";
import type { TaskCommandOptions } from "../src/task/options.ts";
import { openPackage } from "../src/task/package/open-package.ts";
import { launch } from "../src/task/parallel/launch.ts";
import { findMain } from "../src/task/parallel/load-main.ts";
import type { Listening } from "../src/task/parallel/node-run.ts";
import { prepare, spawnWorker } from "../src/task/parallel/parallel.ts";
import type { ParallelOptions } from "../src/task/parallel/parallel-options.ts";
import { placeOn } from "../src/task/platform/place-on.ts";
import type { Given } from "./_command.ts";
import type { StopRequest } from "./_signals.ts";
import { fieldsText } from "./_terminal.ts";
import type { Tools } from "./_tools.ts";

/** What a run stands on, beside its options. */
export interface TaskRun {
  given: Given;
  tools: Tools;
  stop: StopRequest;
}

/** Runs a launch to its end; gives the exit code. */
export async function runTask(options: TaskCommandOptions, run: TaskRun): Promise<number> {
  const parallel = await parallelOf(options, run);
  if (options.dryRun) {
    const { plan, setUpOf } = prepare(parallel);
    const { topology, labels, host } = setUpOf(0);
    process.stdout.write(`${JSON.stringify({ ...plan, topology, labels, host })}\n`);
    return 0;
  }
  await using opened = await openPackage(options.package);
  const place = findMain({ main: options.main, package: opened.folder });
  const level = options.verbose ? "debug" : options.logLevel;
  const start = (more: ParallelOptions = {}): Promise<void> =>
    launch({ ...prepare({ ...parallel, ...more }), place, spawn: () => spawnWorker(level) });
  try {
    await start();
  } catch (thrown) {
    // Ports that were asked for by name are wanted there, whoever else is about.
    const isInUse = thrown instanceof DingError && thrown.code === "network.in-use";
    if (!isInUse || thrown.details["flag"] !== undefined || !isByItself(options, run.given))
      throw thrown;
    run.tools.log.info("Nobody can attach to this program: its port is in use");
    await start({ ports: [0] });
  }
  return 0;
}

async function parallelOf(
  options: TaskCommandOptions,
  { tools, stop, given }: TaskRun,
): Promise<ParallelOptions> {
  const { log, token } = tools;
  const place = await placeOf(options, given);
  const { parallelWorkers } = place;
  return {
    ...options,
    topology: parallelWorkers > 1 ? "mesh" : "alone",
    ...place,
    token,
    tls: listenTls(options),
    log,
    signal: stop.signal,
    onReady: (_, nodes) => announce(nodes, tools),
  };
}

/** Nothing was said of others: then none are waited for. */
function isByItself({ parallelWorkers }: TaskCommandOptions, { origins }: Given): boolean {
  const ofOthers = ["ports", "address", "host", "attachTo", "nodeIds", "topology", "platform"];
  return parallelWorkers === 1 && ofOthers.every((key) => origins[key] === undefined);
}

type Placed = Pick<
  ParallelOptions,
  "attachTo" | "labels" | "address" | "topology" | "expectNodes" | "metricsPort" | "healthPort"
> & {
  parallelWorkers: number;
  ports: number[] | undefined;
  nodeIds: number[] | undefined;
};

/** Where this launch stands: as it was said, and where it was not, as its platform says. */
async function placeOf(options: TaskCommandOptions, { origins }: Given): Promise<Placed> {
  const { platform, address, topology, mqType, mqUrl } = options;
  const ports = numbersOf("--ports", options.ports);
  const nodeIds = numbersOf("--node-ids", options.nodeIds);
  const attachTo = wordsOf(options.attachTo);
  const labels = wordsOf(options.labels);
  const said = {
    ports,
    nodeIds,
    ...(topology && { topology }),
    ...(address !== undefined && { address }),
  };
  if (platform === undefined) {
    if (options.platformSpec !== undefined) throw specError();
    const { parallelWorkers, expectNodes } = options;
    return { ...said, attachTo, labels, parallelWorkers, expectNodes };
  }
  const isBrokered = mqUrl !== undefined || mqType.toLowerCase() !== "nng";
  const place = await placeOn({
    platform,
    spec: options.platformSpec,
    given: {
      ...said,
      parallelWorkers: origins["parallelWorkers"] ? options.parallelWorkers : undefined,
      attachTo: attachTo.length > 0 ? attachTo : undefined,
      labels,
      isBrokered,
    },
  });
  const isShared = (place.expectNodes ?? 1) > place.parallelWorkers;
  if (options.protocol === "ipc" && isShared && !isBrokered) throw ipcError(platform);
  const { nodesBefore, ...there } = place;
  return {
    ...there,
    expectNodes: options.expectNodes ?? place.expectNodes,
    metricsPort: behind(options.metricsPort, nodesBefore),
    healthPort: behind(options.healthPort, nodesBefore),
  };
}

function behind(port: number | undefined, nodes: number): number | undefined {
  return port === undefined || port === 0 ? port : port + nodes;
}

function ipcError(platform: string): DingError {
  const text = `Cannot use --protocol ipc with --platform ${platform}: other launches cannot reach it`;
  return new DingError("usage.invalid-option", text, { hint: "Leave it out." });
}

function specError(): DingError {
  const text = "Cannot use --platform-spec without --platform: nothing says which rank this is";
  return new DingError("usage.invalid-option", text, { hint: "Pass --platform k8s or slurm too." });
}

function wordsOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split(",")).flatMap((text) => text.trim() || []);
}

function numbersOf(flag: string, texts: readonly string[]): number[] | undefined {
  const numbers = wordsOf(texts).map((text) => {
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw new DingError("usage.invalid-option", `Cannot use ${flag} ${text}: it is no number`);
  });
  return numbers.length > 0 ? numbers : undefined;
}

function announce(nodes: readonly Listening[], { log, fileLog }: Tools): void {
  const all = (key: keyof Listening): string => nodes.map((node) => node[key]).join(",");
  const first = nodes[0]?.address ?? "";
  const where = first === "" ? "" : ` on ${first}`;
  const facts = {
    nodes: nodes.length,
    ...(first !== "" && { addresses: all("address") }),
    ...(nodes[0]?.metrics && { metrics: all("metrics") }),
    ...(nodes[0]?.health && { health: all("health") }),
  };
  log.debug("All nodes are there", facts);
  fileLog?.info(`task ready${where}`, facts);
  process.stderr.write(`task ready${where}${fieldsText(facts)}\n`);
}
