import { isIP } from "node:net";
import { definedOf } from "../../core/defined.ts";
import { DingError } from "../../core/errors.ts";
import { silentLogger } from "../../core/log.ts";
import { parseShape } from "../../protocol/shape.ts";
import { parentChannel, type ChildProcess } from "../../runtime/child-process.ts";
import { isCompiled, OWN_STDOUT, spawnProgram, spawnSelf } from "../../runtime/self.ts";
import { scriptCommand } from "../../runtime/script.ts";
import { newSeed } from "../chance.ts";
import { listOf } from "../list-of.ts";
import { parallelSettings } from "../options.ts";
import type { Main } from "../run-main.ts";
import { launch, type LaunchOptions } from "./launch.ts";
import { findMain } from "./load-main.ts";
import { brokerUrl } from "./mq.ts";
import type { NodeSetUp } from "./node-run.ts";
import type { ParallelOptions } from "./parallel-options.ts";
import { planLaunch, type LaunchPlan } from "./plan.ts";
import { planProbes } from "./plan-probes.ts";
import { runHere } from "./run-here.ts";
import { runTaskWorker } from "./worker.ts";

/** A wrong option is told as the command tells it. */
const OPTIONS = { what: "parallel options", code: "usage.invalid-option" } as const;

/** In a process that a launch has started by running the script again: which launch of the script it is for. */
const VARIABLE = "DING_PARALLEL";

let launches = 0;

/** Runs one main in many nodes that hear each other's events. */
export class Parallel {
  /**
   * Gives what runs a main: resolves when it has ended in all nodes of this launch, rejects with the first failure. A
   * function runs in this process, or, in several nodes, in processes that run this script again; a file (`./main.ts`)
   * is loaded there.
   */
  static runner(options: ParallelOptions = {}): (main: Main | string | URL) => Promise<void> {
    const prepared = prepare(options);
    return async (main) => {
      const number = String((launches += 1));
      if (typeof main !== "function") {
        const file = main instanceof URL ? main.href : main;
        const place = file.startsWith("file:")
          ? { file, exportName: "" }
          : findMain({ main: file });
        return launch({ ...prepared, place, spawn: spawnWorker });
      }
      const mine = process.env[VARIABLE];
      const isChild = mine !== undefined && parentChannel() !== undefined;
      if (isChild && mine === number) return runAsWorker(main);
      if (isChild) return; // this process is there for another launch of the script
      if (prepared.plan.nodes.length === 1) return runHere(main, prepared);
      if (isCompiled()) throw noScript();
      const spawn = (): ChildProcess =>
        spawnProgram(scriptCommand(), { [VARIABLE]: number }, OWN_STDOUT);
      return launch({ ...prepared, place: undefined, spawn });
    };
  }
}

/** A process of this program that runs a node. */
export function spawnWorker(logLevel = "info"): ChildProcess {
  return spawnSelf(["_worker", "task"], { DING_WORKER_LOG_LEVEL: logLevel }, OWN_STDOUT);
}

/** What is common to all launches of these options. */
export type Prepared = Omit<LaunchOptions, "place" | "spawn">;

/** Checks the options and plans the launch. Throws `usage.invalid-option`. */
export function prepare(options: ParallelOptions): Prepared {
  const settings = parseShape(parallelSettings, definedOf(options), OPTIONS);
  const { parallelWorkers, topology = "mesh" } = settings;
  const isPlaced = options.ports !== undefined || settings.address !== undefined;
  const protocol = options.protocol ?? (isPlaced ? "tcp" : "ipc");
  const { token, insecure = false, log = silentLogger } = options;
  const url = brokerUrl(options);
  const broker = url === undefined ? undefined : { url, name: settings.mqName };
  const planned = planLaunch({
    parallelWorkers,
    protocol,
    topology: broker ? "mesh" : topology,
    address: settings.address,
    ports: numbersOf(options.ports),
    nodeIds: numbersOf(options.nodeIds),
    attachTo: listOf(options.attachTo),
    isOpen: token !== undefined || insecure,
  });
  const probes = planProbes(
    settings,
    planned.nodes.map(({ port }) => (broker ? 0 : port)),
  );
  const nodes = planned.nodes.map((node, index) => ({ ...node, ...probes[index] }));
  // A broker knows of all: nobody dials anybody.
  const joined = broker ? { ...planned, attachTo: [], isBrokered: true } : planned;
  const plan = { ...joined, nodes };
  const host = options.host ?? hostOf(plan);
  const { seed = newSeed() } = settings;
  log.debug("Numbers by chance come from a seed", { seed });
  const labels = listOf(options.labels);
  const setUpOf = (index: number): NodeSetUp => ({
    nodeId: plan.nodes[index]?.nodeId ?? 0,
    port: plan.nodes[index]?.port ?? 0,
    labels,
    topology: broker ? "mesh" : topology,
    host: broker ? undefined : host,
    address: plan.address,
    token,
    insecure,
    tls: options.tls,
    seed,
    probes: { ...probes[index], host },
    broker,
    heartbeatMs: settings.heartbeatMs,
    toleranceMs: settings.toleranceMs,
    slowPeers: settings.slowPeers,
    onPeerCrash: settings.onPeerCrash,
  });
  const { startupIntervalMs = settings.startupInterval * 1_000, onReady, signal } = options;
  return {
    plan,
    setUpOf,
    nodes: settings.expectNodes,
    joinTimeoutMs: settings.joinTimeoutMs,
    startupIntervalMs,
    autoRecover: settings.autoRecover,
    maxRetries: settings.maxRetries ?? Number.POSITIVE_INFINITY,
    backoff: options.backoff,
    drainTimeoutMs: settings.drainTimeoutMs,
    signal,
    ...(onReady && {
      onReady: (listening) =>
        onReady(
          listening.map(({ address }) => address),
          listening,
        ),
    }),
    log,
  };
}

/** A name may not be one of this machine's own: then it is a service in front of it. */
function hostOf({ address }: LaunchPlan): string {
  return isIP(address) !== 0 || address === "localhost" ? address : "0.0.0.0";
}

function numbersOf(given: number | readonly number[] | undefined): readonly number[] | undefined {
  return typeof given === "number" ? [given] : given;
}

/** Main runs when the launch says so; the process ends with it. */
function runAsWorker(main: Main): Promise<never> {
  runTaskWorker(silentLogger, main);
  return new Promise(() => {});
}

function noScript(): DingError {
  return new DingError("usage.invalid-input", "Cannot run a function in several nodes here", {
    hint: 'Pass a file: Parallel.runner({ parallelWorkers: 2 })("./main.ts").',
  });
}
