import { parseAddress } from "../../config/address.ts";
import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { TlsOptions } from "../../http/tls.ts";
import type { Link } from "../../link/link.ts";
import { dialLink } from "../../link/websocket.ts";
import { bracketed } from "../../runtime/url.ts";
import {
  MESH_PATH,
  MESH_VERSION,
  meshGreeting,
  type MeshGreeting,
} from "../../protocol/task-mesh.ts";
import { SessionAcceptor, type Admission } from "../../rpc/accept.ts";
import type { Hello } from "../../rpc/handshake.ts";
import type { Graph } from "../mesh/graph.ts";
import { keepDialled } from "./dial.ts";
import type { Neighbours } from "./neighbours.ts";

/** What lines are made with. */
export interface DiallerOptions {
  nodeId: number;
  boot: string;
  topology?: "mesh" | "star" | "alone" | undefined;
  tls?: TlsOptions | undefined;
  token?: string | undefined;
  heartbeatMs: number;
  toleranceMs: number;
  clock: Clock;
  log: Logger;
  greeting: () => MeshGreeting;
  neighbours: Neighbours;
  graph: Graph;
  signal: AbortSignal;
}

/** Opens a link to another node; called again after each break. */
export type OpenLink = (signal: AbortSignal) => Promise<Link>;

/** A machine that starts many nodes at once is slow to answer: dialling again would make it slower. */
const HANDSHAKE_TIMEOUT_MS = 30_000;
const LINK_TIMEOUT_MS = 15_000;

/** Opens lines to other nodes and takes theirs. In a mesh, also to those it only hears of. */
export class Dialler implements Disposable {
  readonly #options: DiallerOptions;
  readonly #acceptor: SessionAcceptor;
  /** By address. */
  readonly #kept = new Set<string>();

  constructor(options: DiallerOptions) {
    this.#options = options;
    const { log, toleranceMs, signal } = options;
    this.#acceptor = new SessionAcceptor({
      ...options,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      resumeMs: toleranceMs,
      admit: (hello) => this.#admit(hello),
      onRejected(link, { code, message, details }) {
        if (details["duplicate"] === true) return;
        // Whoever closes it first has said nothing yet: it may leave just now.
        const isOver = code === "network.closed" || signal.aborted;
        // One whose place is taken tries for a while, and says so itself.
        const level = isOver || details["taken"] === true ? "debug" : "warn";
        log[level](`A link from ${link.peer} came to nothing: ${message}`);
      },
    });
  }

  accept(link: Link): Promise<boolean> {
    return this.#acceptor.accept(link);
  }

  async dialAll(addresses: readonly string[]): Promise<void> {
    await Promise.all(addresses.map((address) => this.#dial(address)));
  }

  /** Resolves with the first line; rejects when the other end says no. */
  keep(name: string, openLink: OpenLink, signal: AbortSignal): Promise<void> {
    return this.#keep(name, openLink, AbortSignal.any([signal, this.#options.signal]));
  }

  /** Somebody came or went. */
  onReach(): void {
    const { topology = "mesh", nodeId, graph, neighbours, log } = this.#options;
    if (topology !== "mesh") return;
    for (const { record, ...peer } of graph.reached) {
      const isMine = record.topology === "mesh" && peer.nodeId < nodeId && record.address !== "";
      if (!isMine || neighbours.lines.has(peer.nodeId) || this.#kept.has(record.address)) continue;
      log.debug(`heard of node ${peer.nodeId} at ${record.address}`);
      this.#dial(record.address).catch((error: unknown) =>
        log.warn(`Node ${peer.nodeId} is reached through others: ${DingError.from(error).message}`),
      );
    }
  }

  [Symbol.dispose](): void {
    this.#acceptor[Symbol.dispose]();
  }

  #dial(address: string): Promise<void> {
    if (this.#kept.has(address)) return Promise.resolve();
    this.#kept.add(address);
    const { tls, token, signal } = this.#options;
    const { host, port } = parseAddress(address);
    const place = `${bracketed(host)}:${port ?? 0}`;
    const url = `${tls ? "wss" : "ws"}://${place}${MESH_PATH}`;
    const headers: Record<string, string> =
      token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return this.#keep(
      address,
      (until) => dialLink(url, { headers, tls, timeoutMs: LINK_TIMEOUT_MS, signal: until }),
      signal,
    );
  }

  #keep(name: string, openLink: OpenLink, signal: AbortSignal): Promise<void> {
    const { neighbours } = this.#options;
    const linked = Promise.withResolvers<void>();
    const onAbort = (): void => linked.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    linked.promise.catch(() => {}); // it may be refused long after somebody waited
    void keepDialled({
      ...this.#options,
      name,
      openLink,
      signal,
      isLinked: (peer) =>
        peer !== undefined && neighbours.lines.get(peer.nodeId)?.session.isEnded === false,
      adopt: (session, peer) => {
        this.#check(peer);
        return neighbours.adopt(session, peer, true);
      },
      onLinked: linked.resolve,
      onRefused: (error) => {
        this.#kept.delete(name);
        linked.reject(joinError(name, error));
      },
    }).finally(() => signal.removeEventListener("abort", onAbort));
    return linked.promise;
  }

  async #admit({ data }: Hello): Promise<Admission> {
    const { greeting, neighbours, signal } = this.#options;
    if (signal.aborted)
      throw new DingError("service.stopping", "Cannot take a node: this one ends");
    const asked = meshGreeting.safeParse(data);
    if (!asked.success) throw new DingError("network.protocol", "Cannot take a node: it is none");
    const peer = asked.data;
    this.#check(peer);
    neighbours.checkPlace(peer);
    return {
      welcome: greeting(),
      listen(session) {
        const line = neighbours.adopt(session, peer, false);
        return {
          message: (message) => line.receive(message),
          detached: () => line.onInterrupted(),
          ended: (error) => line.onEnded(error),
        };
      },
    };
  }

  #check({ mesh, boot, nodeId }: MeshGreeting): void {
    if (mesh !== MESH_VERSION) {
      throw new DingError(
        "peer.refused",
        `Cannot join the mesh: node ${nodeId} speaks version ${mesh}, this is ${MESH_VERSION}`,
        { hint: "Use the same version of ding for all nodes." },
      );
    }
    if (boot !== this.#options.boot) return;
    throw new DingError("peer.refused", "Cannot join the mesh: a node dials itself", {
      hint: "Leave its own address out of --attach-to.",
    });
  }
}

/** With the address, once; where it is told as what the node wanted to join, that too. */
function joinError(name: string, { code, message, hint, details }: DingError): DingError {
  const said = /^Cannot join the mesh( as node \d+)?(?: at \S+)?: /.exec(message);
  const what = `Cannot join the mesh at ${name}`;
  const isAuth = details["status"] === 401 || details["status"] === 403;
  if (isAuth) {
    return new DingError("auth.refused", `${what}: the token is not that of this mesh`, {
      hint: "Give all nodes the same --token-file or DING_TOKEN.",
      details,
    });
  }
  const why = message.slice(said?.[0].length ?? 0);
  return new DingError(code, `${what}${said?.[1] ?? ""}: ${why}`, { hint, details });
}
