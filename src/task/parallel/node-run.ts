import { DingError, errorOf, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { ServerTls } from "../../runtime/http-server.ts";
import { placeOf } from "../../runtime/modules.ts";
import { bracketed } from "../../runtime/url.ts";
import type { SlowPeerPolicy } from "../mesh/feed.ts";
import type { Topology } from "../node/mesh-node-options.ts";
import { BrokerMesh } from "../node/broker-mesh.ts";
import { MeshNode } from "../node/mesh-node.ts";
import { openProbes, type ProbePorts, type Probes } from "../node/probes.ts";
import { nodesText } from "../nodes-text.ts";
import { runMain, type Main } from "../run-main.ts";
import { MainTask } from "../task.ts";

/** One node of a launch, as it is told to its process. */
export interface NodeSetUp {
  nodeId: number;
  labels: string[];
  topology: Topology;
  /** Undefined for a node that listens nowhere: a broker carries its events. */
  host: string | undefined;
  port: number;
  address: string;
  tls?: ServerTls | undefined;
  token?: string | undefined;
  insecure: boolean;
  heartbeatMs?: number | undefined;
  toleranceMs?: number | undefined;
  slowPeers?: SlowPeerPolicy | undefined;
  onPeerCrash?: "continue" | "finish" | undefined;
  /** What the numbers of its task come from. */
  seed: number;
  /** Ports beside its own, on a host of this machine. */
  probes: ProbePorts & { host: string };
  /** The broker that carries events, instead of links of the nodes' own. */
  broker?: { url: string; name: string } | undefined;
}

/** Whom a node waits for before its main starts. */
export interface JoinOrder {
  /** host:port */
  dial: string[];
  /** As `dial`, but nobody waits for these. */
  later: string[];
  /** These nodes are to be there; of a mesh, with a line of their own. */
  nodeIds: number[];
  /** So many nodes are to be there, this one counted. */
  nodes: number;
  timeoutMs: number;
}

/** Where a node listens, as host:port; "" where it does not. */
export interface Listening {
  /** For other nodes. */
  address: string;
  metrics: string;
  health: string;
}

/** So long lines of their own may take between nodes that reach each other already. */
const MOST_MESHING_MS = 5_000;
const CLOSE_MS = 10_000;

/** One node and the main that runs in it: listens, joins, runs, leaves. */
export class NodeRun implements AsyncDisposable {
  readonly node: MeshNode;
  readonly #setUp: NodeSetUp;
  readonly #log: Logger;
  #broker: BrokerMesh | undefined;
  #probes: Probes | undefined;
  /** Is main under way? */
  #isRunning = false;
  #hasCrashed = false;
  /** Did main begin? */
  hasRun = false;
  /** Have all others ended, as far as is known? */
  isLeft = false;

  constructor(setUp: NodeSetUp, log: Logger) {
    this.#setUp = setUp;
    this.#log = log;
    this.node = new MeshNode({ ...setUp, log, isReady: () => this.#readiness });
  }

  /** Rejects with `network.in-use` at once. */
  async listen(): Promise<Listening> {
    try {
      await this.node.start();
    } catch (thrown) {
      const { code, message, details } = DingError.from(thrown);
      if (code !== "network.in-use") throw thrown;
      const hint = message.includes("EADDRNOTAVAIL")
        ? "It is no address of this machine: pass --host for where to listen, --address for how others reach it."
        : "Pass --ports 0 for free ones, others with --ports, or stop what listens there.";
      throw errorOf(code, message, { hint, details });
    }
    const listening = await this.#openProbes();
    const { broker } = this.#setUp;
    if (broker)
      this.#broker = await BrokerMesh.open({ ...broker, node: this.node, log: this.#log });
    return listening;
  }

  /** Resolves when the mesh has formed; rejects with `wait.timeout` and who is missing. */
  async join({ dial, later, nodeIds, nodes, timeoutMs }: JoinOrder): Promise<void> {
    const { node } = this;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    const open = new Set(dial);
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    for (const address of dial) {
      node.dial([address]).then(() => open.delete(address), failed.reject);
    }
    node.dial(later).catch((error: unknown) => this.#log.debug(messageOf(error)));
    const others = nodeIds.filter((nodeId) => nodeId !== node.nodeId);
    let missing: number[] = others;
    // One that cannot be dialled is reached through others for good.
    const meshedMs = performance.now() + Math.min(MOST_MESHING_MS, timeoutMs / 2);
    const formed = node.formed(
      (peers, lines) => {
        const here = new Set(peers.map(({ nodeId }) => nodeId));
        const isThere = (nodeId: number): boolean =>
          here.has(nodeId) && (this.#setUp.topology !== "mesh" || lines.has(nodeId));
        missing = others.filter((nodeId) => !isThere(nodeId));
        const isAll = open.size === 0 && missing.length === 0 && peers.length + 1 >= nodes;
        if (this.#broker?.hasAsked === false) return false;
        return isAll && (this.#isMeshed || performance.now() > meshedMs);
      },
      AbortSignal.any([late.signal, node.stopping]),
    );
    try {
      const refused = this.#broker?.taken;
      await Promise.race([formed, failed.promise, ...(refused ? [refused] : [])]);
      this.#broker?.settle();
    } catch (thrown) {
      formed.catch(() => {});
      late.abort();
      throw late.signal.aborted &&
        !(thrown instanceof DingError && thrown.code !== "service.stopping")
        ? this.#lateError({ missing, open: [...open], nodes, timeoutMs })
        : thrown;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Runs main to its end, once; the others hear that it has finished, or that it has crashed. Gives how many runs they
   * were told to finish. `everyMs` is how often waits for events look whether this node has been left.
   */
  async run(main: Main, everyMs?: number): Promise<number> {
    const { onPeerCrash, seed } = this.#setUp;
    this.hasRun = true;
    this.#isRunning = true;
    let task: MainTask | undefined;
    const isLeft = (): boolean => this.isLeft && this.node.peers().length === 0;
    try {
      await runMain(main, {
        makeTask: ({ onFailure }) => {
          this.#broker?.taken.catch(onFailure);
          return (task = new MainTask({
            router: this.node,
            log: this.#log,
            onFailure,
            seed,
            waitLimit: everyMs === undefined ? undefined : { everyMs, isLeft },
            ...(onPeerCrash && { onPeerCrash }),
          }));
        },
      });
      return task?.runs ?? 0;
    } catch (thrown) {
      this.#hasCrashed = true;
      throw thrown;
    } finally {
      this.#isRunning = false;
      await this[Symbol.asyncDispose]();
    }
  }

  /** Asks main to come to its end: its task finishes, in its runs up to the `run`-th; default all. */
  finish(run?: number): void {
    this.node.finishHere(run);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasCrashed) await this.node.crash();
    else await this.node.close(CLOSE_MS);
    await this.#broker?.[Symbol.asyncDispose]();
    await this.#probes?.[Symbol.asyncDispose]();
  }

  get #readiness(): { ready: boolean; reason?: string } {
    if (this.#isRunning) return { ready: true };
    return { ready: false, reason: this.hasRun ? "main has ended" : "the mesh has not formed" };
  }

  async #openProbes(): Promise<Listening> {
    const { node } = this;
    const { probes, address: host, token, tls, insecure, nodeId } = this.#setUp;
    this.#probes = await openProbes({
      ...probes,
      token,
      tls,
      insecure,
      log: this.#log,
      isLive: () => node.state !== "failed",
      isReady: () => this.#readiness,
      status: () => node.status(),
    });
    const { metricsPort, healthPort } = this.#probes;
    const metrics = placeText(host, metricsPort);
    const health = placeText(host, healthPort);
    if (metrics !== "" || health !== "") {
      this.#log.debug("Ports for questions are open", { node: nodeId, metrics, health });
    }
    return { address: node.address, metrics, health };
  }

  /** Has a node of a mesh a line of its own to each that it reaches? */
  get #isMeshed(): boolean {
    if (this.#setUp.topology !== "mesh") return true;
    return this.node.status().peers.every(({ via }) => via === undefined);
  }

  #lateError(facts: {
    missing: number[];
    open: string[];
    nodes: number;
    timeoutMs: number;
  }): DingError {
    const { missing, open, nodes, timeoutMs } = facts;
    const count = this.node.peers().length + 1;
    const told =
      missing.length > 0
        ? `${nodesText(missing, "is", "are")} missing`
        : open.length > 0
          ? `nobody answers at ${open.join(", ")}`
          : `${count} of ${nodes} nodes are there`;
    return new DingError(
      "wait.timeout",
      `Cannot form the mesh of node ${this.node.nodeId}: ${told} after ${timeoutMs} ms`,
      { hint: "Look at what they say, or give them longer with --join-timeout-ms." },
    );
  }
}

function placeText(host: string, port: number | undefined): string {
  if (port === undefined) return "";
  return `${bracketed(host)}:${port}`;
}

/** What a main threw, for others to read: where in its file it came from is said with it. */
export function mainError(nodeId: number, thrown: unknown, file?: string): DingError {
  const known = thrown instanceof DingError && thrown.code !== "internal.bug";
  const code = known ? thrown.code : "task.failed";
  return new DingError(code, `Main of node ${nodeId} failed: ${messageOf(thrown)}`, {
    hint: known ? thrown.hint : undefined,
    details: { nodeId, ...(file === undefined ? {} : placeOf(thrown, file)) },
    cause: thrown,
  });
}
