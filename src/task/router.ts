import { DingError } from "../core/errors.ts";

/** Another node, as its peers know it. */
export interface Peer {
  readonly nodeId: number;
  readonly labels: ReadonlySet<string>;
}

/** The events that tell what happens to a peer. */
export const PEER_CHANGES = ["peer:join", "peer:suspect", "peer:leave", "peer:crash"] as const;

/** What happens to a peer; the name of the event that the task emits. */
export type PeerChange = (typeof PEER_CHANGES)[number];

/** What a task hears from the mesh. */
export interface RouterListener {
  /**
   * An event of another node. Brings no more of that node until the promise has resolved; undefined is at once.
   * `bytes` is how much memory its arguments take.
   */
  event(event: string, args: readonly unknown[], bytes: number): Promise<void> | undefined;
  /** A peer has come to its end in good order, in its n-th run. */
  finish(run: number, from: number): void;
  peer(change: PeerChange, peer: Peer): void;
  /** So many events of this node are lost: it was away for longer than the others keep what they said. */
  missed(from: number, events: number): void;
  /** Another node asks: the answer, or a promise of it; fails when nobody here answers. */
  request(method: string, arg: unknown, from: number): unknown;
}

/** How an event travels. */
export interface RouteOptions {
  /** To this node alone; default to all. */
  to?: number | undefined;
  /** Nodes that join later get it too: the latest of its name. */
  retain?: boolean | undefined;
}

/** What is asked of another node. */
export interface Ask {
  method: string;
  arg: unknown;
}

/** How an answer is waited for. */
export interface RequestOptions {
  /** Rejects with `wait.timeout` after so long; default 30,000. */
  timeoutMs?: number | undefined;
  /** Rejects with its reason. */
  signal?: AbortSignal | undefined;
}

/** Numbers that nodes tell each other under names: the latest of each node, also for who comes later. */
export interface NodeNotes {
  /** This node's own. */
  get(key: string): number | undefined;
  set(key: string, value: number): void;
  /** What the others have told, by node id. */
  of(key: string): ReadonlyMap<number, number>;
  /** Runs after each change, also of who is there, until disposed. */
  onChange(run: () => void): Disposable;
}

/** What a task knows of the mesh it is in. */
export interface TaskRouter {
  /** False for a task that is alone. */
  readonly isActive: boolean;
  readonly nodeId: number;
  readonly labels: ReadonlySet<string>;
  peers(): readonly Peer[];
  /** The other nodes that have a label that fits the pattern; of node 3, also "node.3". */
  labelled(pattern: string): readonly number[];
  /** To one peer or to all. Resolves when it is on its way and there is room for more; after that it is not lost. */
  emit(event: string, args: readonly unknown[], options: RouteOptions): Promise<void>;
  /** The answer of another node; rejects with its error, or when it is gone or late. */
  request(to: number, ask: Ask, options: RequestOptions): Promise<unknown>;
  readonly notes: NodeNotes;
  /** Tells the peers that this node's n-th run has ended in good order. */
  finish(run: number): Promise<void>;
  /** One task at a time listens; what came before it did is the router's to keep. */
  listen(listener: RouterListener): Disposable;
}

const NO_NOTES: ReadonlyMap<number, number> = new Map();
const NOTHING: Disposable = { [Symbol.dispose]() {} };

function unreachable(to: number): DingError {
  return new DingError("network.unreachable", `Cannot reach node ${to}: this task is in no mesh`, {
    hint: "Start it with more than one worker, or attach it to another.",
  });
}

/** The router of a task without a mesh. */
export const ALONE: TaskRouter = {
  isActive: false,
  nodeId: 0,
  labels: new Set(),
  peers: () => [],
  labelled: () => [],
  emit: () => Promise.resolve(),
  request: (to) => Promise.reject(unreachable(to)),
  notes: { get: () => undefined, set() {}, of: () => NO_NOTES, onChange: () => NOTHING },
  finish: () => Promise.resolve(),
  listen: () => NOTHING,
};
