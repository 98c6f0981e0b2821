import { newId } from "../../core/id.ts";
import type { Logger } from "../../core/log.ts";
import { DingError, NetworkError } from "../../core/errors.ts";
import { openPubSub } from "../../broker/pubsub/open-pubsub.ts";
import type { PubSub } from "../../broker/pubsub/pubsub.ts";
import type { Link } from "../../link/link.ts";
import { msgpack } from "../../protocol/codec.ts";
import { brokerHello, type BrokerHello } from "../../protocol/task-mesh.ts";
import { BrokerLink, decodePosted, encodePosted, PART, type Posted } from "./broker-link.ts";
import { isBefore } from "./claim.ts";
import type { MeshNode } from "./mesh-node.ts";

/** How a node finds others through a broker. */
export interface BrokerMeshOptions {
  url: string;
  /** Programs of different names do not see each other. */
  name: string;
  node: MeshNode;
  log: Logger;
}

interface Known {
  nodeId: number;
  heardAt: number;
  dialling: AbortController | undefined;
}

/** So often a node tells that it is there. */
const HELLO_MS = 2_000;
/** So long one that nobody answers waits for somebody who has its id. */
const ALONE_MS = 300;
const OPEN_TIMEOUT_MS = 1_500;
/** Who has not been heard for so long is not looked for any more, until it is. */
const FORGET_MS = 60_000;
const WAITING = { messages: 1_000_000, bytes: 512 * 1024 * 1024 };
const NO_BYTES = new Uint8Array();

/** Joins a node to all others that use the same broker: each tells that it is there, and those with greater ids open links. */
export class BrokerMesh implements AsyncDisposable {
  readonly #options: BrokerMeshOptions;
  readonly #pubsub: PubSub;
  readonly #links = new Map<string, BrokerLink>();
  readonly #opening = new Map<string, (link: BrokerLink) => void>();
  readonly #known = new Map<string, Known>();
  readonly #taken = Promise.withResolvers<never>();
  #timer: NodeJS.Timeout | undefined;
  #askedAt = Number.POSITIVE_INFINITY;
  /** When the mesh had formed. */
  #since: number | null = null;
  /** Another has this one's id: nothing more is said here. */
  #isTaken = false;
  #isClosed = false;

  private constructor(pubsub: PubSub, options: BrokerMeshOptions) {
    this.#pubsub = pubsub;
    this.#options = options;
    this.#taken.promise.catch(() => {});
  }

  /** Resolves when others can find this node; rejects when the broker cannot be reached. */
  static async open(options: BrokerMeshOptions): Promise<BrokerMesh> {
    const { url, log } = options;
    const state: { mesh?: BrokerMesh } = {};
    const pubsub = await openPubSub(url, {
      log,
      waiting: WAITING,
      onChange: (change) => state.mesh?.onBroker(change),
    });
    const mesh = new BrokerMesh(pubsub, options);
    state.mesh = mesh;
    await mesh.#start();
    return mesh;
  }

  /** Rejects when another node has this one's id, and was there before. */
  get taken(): Promise<never> {
    return this.#taken.promise;
  }

  /** Would somebody who has this one's id have said so by now? */
  get hasAsked(): boolean {
    const { node } = this.#options;
    return node.peers().length > 0 || performance.now() - this.#askedAt > ALONE_MS;
  }

  /** The mesh has formed: who comes later with this one's id does not stay. */
  settle(): void {
    this.#since = Date.now();
  }

  /** The broker is away, or back. */
  onBroker(change: "up" | "down"): void {
    if (change === "up") return this.#sayHello(true);
    for (const link of this.#links.values()) link.onBrokerLost();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    for (const { dialling } of this.#known.values()) dialling?.abort();
    await this.#pubsub.close();
    for (const link of this.#links.values()) link.terminate();
  }

  async #start(): Promise<void> {
    const { boot } = this.#options.node;
    await this.#pubsub.subscribe(this.#inboxOf(boot), (message) => this.#onPosted(message));
    await this.#pubsub.subscribe(this.#helloTopic, (message) => this.#onHello(message));
    this.#timer = setInterval(() => {
      this.#sayHello();
      this.#forget();
    }, HELLO_MS);
    this.#sayHello(true);
    this.#askedAt = performance.now();
  }

  get #helloTopic(): string {
    return `ding.task.${this.#options.name}.hello`;
  }

  #inboxOf(boot: string): string {
    return `ding.task.${this.#options.name}.to.${boot}`;
  }

  #sayHello(isAsking = false): void {
    const { nodeId, boot } = this.#options.node;
    if (this.#isTaken) return;
    const hello: BrokerHello = { nodeId, boot, isAsking, since: this.#since };
    this.#pubsub.publish(this.#helloTopic, msgpack.encode(hello)).catch(() => {}); // the next one may get through
  }

  #onHello(message: Uint8Array): void {
    const { node, log } = this.#options;
    const hello = brokerHello.safeParse(decoded(message));
    if (!hello.success || this.#isClosed)
      return log.debug("What is no hello came through the broker");
    const { nodeId, boot, isAsking } = hello.data;
    if (nodeId === node.nodeId) return this.#onSameId(hello.data);
    const known = this.#known.get(boot) ?? { nodeId, heardAt: 0, dialling: undefined };
    this.#known.set(boot, known);
    known.heardAt = performance.now();
    if (isAsking) this.#sayHello();
    if (nodeId < node.nodeId && !known.dialling) this.#dial(boot, known);
  }

  #onSameId(other: BrokerHello): void {
    const { nodeId, boot } = this.#options.node;
    if (isBefore({ boot, since: this.#since }, other)) {
      if (other.isAsking) this.#sayHello();
      return;
    }
    this.#isTaken = true;
    const told = `Cannot join the mesh as node ${nodeId}: there is one`;
    this.#taken.reject(
      new DingError("peer.refused", told, {
        hint: "Give each node an id of its own with --node-ids.",
      }),
    );
  }

  #dial(boot: string, known: Known): void {
    const { node, log } = this.#options;
    known.dialling = new AbortController();
    const { signal } = known.dialling;
    const openLink = (until: AbortSignal): Promise<Link> => this.#open(boot, until);
    node.keep(`node ${known.nodeId}`, openLink, signal).catch((error: unknown) => {
      known.dialling = undefined;
      if (!this.#isClosed)
        log.debug(`no line to node ${known.nodeId}: ${DingError.from(error).message}`);
    });
  }

  #open(boot: string, until: AbortSignal): Promise<Link> {
    const id = newId();
    const { promise, resolve, reject } = Promise.withResolvers<Link>();
    const fail = (): void =>
      reject(new NetworkError("network.timeout", "Cannot reach the node through the broker"));
    const timer = setTimeout(fail, OPEN_TIMEOUT_MS);
    until.addEventListener("abort", fail, { once: true });
    this.#opening.set(id, resolve);
    this.#post(boot, { kind: PART.OPEN, link: id, seq: 0, bytes: NO_BYTES }).catch(fail);
    return promise.finally(() => {
      clearTimeout(timer);
      until.removeEventListener("abort", fail);
      this.#opening.delete(id);
    });
  }

  #onPosted(message: Uint8Array): void {
    const posted = decodePosted(message);
    if (!posted || this.#isClosed) return;
    const { kind, link, from } = posted;
    if (kind === PART.OPEN) {
      const opened = this.#linkTo(link, from);
      void this.#post(from, { kind: PART.ACCEPT, link, seq: 0, bytes: NO_BYTES }).catch(() => {});
      void this.#options.node.accept(opened);
    } else if (kind === PART.ACCEPT) {
      this.#opening.get(link)?.(this.#linkTo(link, from));
    } else {
      this.#links.get(link)?.onPosted(posted);
    }
  }

  #linkTo(id: string, boot: string): BrokerLink {
    const link = new BrokerLink(id, `node at ${boot}`, (posted) => this.#post(boot, posted));
    this.#links.set(id, link);
    void link.closed.then(() => this.#links.delete(id));
    return link;
  }

  #post(boot: string, posted: Omit<Posted, "from">): Promise<void> {
    const message = encodePosted({ ...posted, from: this.#options.node.boot });
    return this.#pubsub.publish(this.#inboxOf(boot), message);
  }

  #forget(): void {
    const now = performance.now();
    for (const [boot, { heardAt, dialling }] of this.#known) {
      if (now - heardAt < FORGET_MS) continue;
      dialling?.abort();
      this.#known.delete(boot);
    }
  }
}

function decoded(message: Uint8Array): unknown {
  try {
    return msgpack.decode(message);
  } catch {
    return undefined; // anybody may speak on a broker's topic
  }
}
