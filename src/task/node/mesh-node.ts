import { checkListen } from "../../config/listen.ts";
import { systemClock } from "../../core/clock.ts";
import { newId } from "../../core/id.ts";
import { silentLogger, type Logger } from "../../core/log.ts";
import { Service } from "../../core/service.ts";
import { delay } from "../../core/wait.ts";
import { listenHttp, type ListeningApp } from "../../http/listen.ts";
import type { Link } from "../../link/link.ts";
import { acceptLink } from "../../link/websocket.ts";
import { MESH_PATH, MESH_VERSION, type MeshGreeting } from "../../protocol/task-mesh.ts";
import { bracketed } from "../../runtime/url.ts";
import { Graph, type Reached } from "../mesh/graph.ts";
import type {
  Ask,
  NodeNotes,
  Peer,
  PeerChange,
  RequestOptions,
  RouteOptions,
  RouterListener,
  TaskRouter,
} from "../router.ts";
import { Dialler, type OpenLink } from "./dialler.ts";
import { Incoming } from "./incoming.ts";
import type { MeshNodeOptions } from "./mesh-node-options.ts";
import { Neighbours } from "./neighbours.ts";
import { Outgoing } from "./outgoing.ts";
import { Reader } from "./reader.ts";
import { nodeApp, peerStatus, type NodeStatus } from "./routes.ts";
import { Words } from "./words.ts";

const BEAT = { heartbeatMs: 1_000, toleranceMs: 20_000 };
const SILENT_BEATS = 3;
const LOOK_MS = 5;

/** One node of a program: hears and is heard by all others, over one port. */
export class MeshNode extends Service implements TaskRouter {
  readonly isActive = true;
  readonly nodeId: number;
  readonly labels: ReadonlySet<string>;
  readonly boot: string = newId();
  readonly #options: MeshNodeOptions;
  readonly #log: Logger;
  readonly #graph: Graph;
  readonly #neighbours: Neighbours;
  readonly #outgoing: Outgoing;
  readonly #incoming: Incoming;
  readonly #dialler: Dialler;
  readonly #reader: Reader;
  readonly #words: Words;
  #listening: ListeningApp | undefined;
  #missed = 0;
  #isCrashing = false;

  readonly #onMissed = (from: number, events: number): void => {
    this.#missed += events;
    this.#log.warn(`Events of node ${from} are lost here: it does not keep them so long`, {
      events,
    });
    this.#reader.missed(from, events);
  };

  constructor(options: MeshNodeOptions) {
    super();
    const { nodeId, clock = systemClock, log = silentLogger } = options;
    const { heartbeatMs = BEAT.heartbeatMs, toleranceMs = BEAT.toleranceMs } = options;
    this.#options = options;
    this.#log = log;
    this.nodeId = nodeId;
    this.labels = new Set(options.labels);
    this.#reader = new Reader();
    this.#graph = new Graph(
      () => this.#neighbours.record,
      (change, peer) => this.#onReach(change, peer),
    );
    this.#neighbours = new Neighbours({
      facts: () => ({ ...this.#greeting, topology: options.topology ?? "mesh" }),
      crashMs: toleranceMs,
      silentMs: SILENT_BEATS * heartbeatMs,
      clock,
      graph: this.#graph,
      outgoing: () => this.#outgoing,
      incoming: () => this.#incoming,
      missed: this.#onMissed,
      lacked: (lack, from) => this.#outgoing.onLack(lack, from),
      broken: (from, { message }) => log.warn(`A line to node ${from} ended: ${message}`),
    });
    const { lines } = this.#neighbours;
    this.#outgoing = new Outgoing({
      nodeId,
      boot: this.boot,
      slowPeers: options.slowPeers ?? "slow",
      graph: this.#graph,
      lines,
      isAlone: () => this.#neighbours.isEmpty,
    });
    this.#incoming = new Incoming({
      nodeId,
      graph: this.#graph,
      lines,
      clock,
      event: (event, args, bytes) => this.#reader.event(event, args, bytes),
      word: (word, from) => this.#words.onWord(word, from),
      relay: (body, to, note) => {
        this.#neighbours.tellNow();
        return this.#outgoing.relay(body, to, note);
      },
      lack: (lack) => this.#outgoing.onLack(lack),
      missed: this.#onMissed,
    });
    this.#words = new Words({ outgoing: this.#outgoing, reader: this.#reader, clock });
    this.#dialler = new Dialler({
      ...options,
      heartbeatMs,
      toleranceMs,
      clock,
      log,
      boot: this.boot,
      greeting: () => this.#greeting,
      neighbours: this.#neighbours,
      graph: this.#graph,
      signal: this.stopping,
    });
  }

  /** Where others reach it, host:port; empty before it has started, and where nobody can dial it. */
  get address(): string {
    const { host, address = host } = this.#options;
    return this.#listening && address !== undefined ? `${bracketed(address)}:${this.port}` : "";
  }

  get port(): number {
    return this.#listening?.port ?? 0;
  }

  get notes(): NodeNotes {
    return this.#words.notes;
  }

  peers(): readonly Peer[] {
    return this.#graph.reached.filter(({ isSuspect }) => !isSuspect).map(peerOf);
  }

  labelled(pattern: string): readonly number[] {
    return this.#graph.labelled(pattern);
  }

  /** What `GET /status` says. */
  status(): NodeStatus {
    return {
      nodeId: this.nodeId,
      labels: [...this.labels],
      topology: this.#options.topology ?? "mesh",
      state: this.state,
      address: this.address,
      peers: this.#graph.reached.map(peerStatus),
      links: this.#neighbours.lines.size,
      sent: this.#outgoing.events,
      received: this.#incoming.events,
      dropped: this.#outgoing.dropped,
      missed: this.#missed,
    };
  }

  /** Dials these nodes, host:port, and keeps lines to them. Rejects when one of them says no, and trying again cannot mend it. */
  dial(addresses: readonly string[]): Promise<void> {
    return this.#dialler.dialAll(addresses);
  }

  /** For links that come from elsewhere. */
  accept(link: Link): Promise<boolean> {
    return this.#dialler.accept(link);
  }

  /** As `dial()`, with links that are opened elsewhere, until the signal aborts. */
  keep(name: string, openLink: OpenLink, signal: AbortSignal): Promise<void> {
    return this.#dialler.keep(name, openLink, signal);
  }

  /** Resolves when `isFormed` says so of those that are here; looks whenever that changes. */
  async formed(
    isFormed: (peers: readonly Peer[], lines: ReadonlySet<number>) => boolean,
    signal: AbortSignal,
  ): Promise<void> {
    while (!isFormed(this.peers(), new Set(this.#neighbours.lines.keys()))) {
      await delay(LOOK_MS, signal);
    }
  }

  emit(event: string, args: readonly unknown[], { to, retain }: RouteOptions): Promise<void> {
    try {
      if (to !== undefined) this.#graph.need(to);
      if (retain === true) this.#words.retain(event, args);
      return this.#outgoing.emit(event, args, to);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  request(to: number, ...asked: [ask: Ask, options: RequestOptions]): Promise<unknown> {
    try {
      this.#graph.need(to);
      return this.#words.ask(to, ...asked);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  finish(run: number): Promise<void> {
    return this.#outgoing.say(["finish", run], undefined);
  }

  listen(listener: RouterListener): Disposable {
    return this.#reader.listen(listener);
  }

  /** Its task is to come to its end, as if a peer had in its `run`-th run; default in this and all later ones. */
  finishHere(run: number = Number.MAX_SAFE_INTEGER): void {
    this.#reader.finish(run, this.nodeId);
  }

  /** Ends it at once, and tells the others that it has crashed. */
  async crash(): Promise<void> {
    this.#isCrashing = true;
    await this.close(CRASH_GRACE_MS);
  }

  protected override async onStart(resources: AsyncDisposableStack): Promise<void> {
    const { host, port, token, tls, insecure = false } = this.#options;
    const { isReady = () => this.state === "running" } = this.#options;
    resources.defer(() => this.#reader.close());
    resources.use(this.#incoming);
    resources.use(this.#neighbours);
    resources.use(this.#words);
    resources.use(this.#dialler);
    if (host === undefined) return;
    checkListen({ host, port, insecure }, token);
    const app = nodeApp({
      token,
      log: this.#log,
      isLive: () => this.state !== "failed",
      isReady,
      status: () => this.status(),
    });
    this.#listening = resources.use(
      await listenHttp(app, {
        host,
        port,
        tls,
        token,
        sockets: {
          [MESH_PATH]: (request, info) =>
            acceptLink(request, info, (link) => void this.#dialler.accept(link)),
        },
      }),
    );
  }

  /** What was emitted goes out, in good order or not; then a last word. */
  protected override async onDrain(deadline: AbortSignal): Promise<void> {
    const farewell = this.#isCrashing ? "crash" : "leave";
    // Without a task nobody handles what others say: they need not wait for that, as this one waits for them.
    this.#reader.close();
    try {
      while (!this.#isCrashing && !this.#outgoing.isThrough) await delay(LOOK_MS, deadline);
    } catch {
      this.#log.warn("Others did not take all events of this node in time");
    }
    this.#neighbours.sayFarewell(farewell);
    const { sessions } = this.#neighbours;
    const late = delay(deadline.aborted ? 0 : CRASH_GRACE_MS, deadline).catch(() => {});
    const delivered = Promise.all(sessions.map((one) => one.delivered()));
    await Promise.race([delivered, late]);
  }

  get #greeting(): MeshGreeting {
    return {
      mesh: MESH_VERSION,
      nodeId: this.nodeId,
      boot: this.boot,
      labels: [...this.labels],
      address: this.address,
    };
  }

  #onReach(change: PeerChange, peer: Reached): void {
    this.#log.debug(change, { node: peer.nodeId });
    this.#words.onReach(change, peer);
    this.#incoming.onReach(change, peer.boot);
    this.#reader.peer(change, peerOf(peer));
    this.#dialler.onReach();
  }
}

const CRASH_GRACE_MS = 1_000;

function peerOf({ nodeId, labels }: Reached): Peer {
  return { nodeId, labels };
}
