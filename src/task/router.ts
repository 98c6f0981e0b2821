/** Another node, as its peers know it. */
export interface Peer {
  readonly nodeId: number;
  readonly labels: ReadonlySet<string>;
}

/** What happens to a peer; the name of the event that the task emits. */
export type PeerChange = "peer:join" | "peer:suspect" | "peer:leave" | "peer:crash";

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
}

/** What a task knows of the mesh it is in. */
export interface TaskRouter {
  /** False for a task that is alone. */
  readonly isActive: boolean;
  readonly nodeId: number;
  readonly labels: ReadonlySet<string>;
  peers(): readonly Peer[];
  /** To one peer or to all. Resolves when it is on its way and there is room for more; after that it is not lost. */
  emit(event: string, args: readonly unknown[], to: number | undefined): Promise<void>;
  /** Tells the peers that this node's n-th run has ended in good order. */
  finish(run: number): Promise<void>;
  /** One task at a time listens; what came before it did is the router's to keep. */
  listen(listener: RouterListener): Disposable;
}

/** The router of a task without a mesh. */
export const ALONE: TaskRouter = {
  isActive: false,
  nodeId: 0,
  labels: new Set(),
  peers: () => [],
  emit: () => Promise.resolve(),
  finish: () => Promise.resolve(),
  listen: () => ({ [Symbol.dispose]() {} }),
};
