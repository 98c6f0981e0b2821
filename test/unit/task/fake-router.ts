import {
  ALONE,
  type Ask,
  type Peer,
  type PeerChange,
  type RouteOptions,
  type RouterListener,
  type TaskRouter,
} from "../../../src/task/router.ts";
import { hasMatch } from "../../../src/task/roles.ts";

/** A mesh in one process: what one node says the others hear at once, as real routers hand it on. */
export class FakeMesh {
  readonly routers: FakeRouter[] = [];

  join(labels: string[] = []): FakeRouter {
    const router = new FakeRouter(this, this.routers.length, new Set(labels));
    this.routers.push(router);
    return router;
  }
}

export class FakeRouter implements TaskRouter {
  readonly isActive = true;
  readonly nodeId: number;
  readonly labels: ReadonlySet<string>;
  readonly finishes: number[] = [];
  failsWith: Error | undefined;
  readonly #mesh: FakeMesh;
  #listener: RouterListener | undefined;

  constructor(mesh: FakeMesh, nodeId: number, labels: ReadonlySet<string>) {
    this.#mesh = mesh;
    this.nodeId = nodeId;
    this.labels = labels;
  }

  get others(): FakeRouter[] {
    return this.#mesh.routers.filter((router) => router !== this);
  }

  get isListenedTo(): boolean {
    return this.#listener !== undefined;
  }

  peers(): Peer[] {
    return this.others;
  }

  labelled(pattern: string): number[] {
    return this.others
      .filter(({ nodeId, labels }) => hasMatch([`node.${nodeId}`, ...labels], pattern))
      .map(({ nodeId }) => nodeId);
  }

  readonly notes = ALONE.notes;

  request(to: number, { method, arg }: Ask): Promise<unknown> {
    const asked = this.others.find(({ nodeId }) => nodeId === to);
    if (!asked?.isListenedTo) throw new Error(`no node ${to}`);
    return asked.answer(method, structuredClone(arg), this.nodeId);
  }

  async emit(event: string, args: readonly unknown[], { to }: RouteOptions): Promise<void> {
    if (this.failsWith) throw this.failsWith;
    const receivers = this.others.filter((router) => to === undefined || router.nodeId === to);
    for (const router of receivers) await router.hear(event, structuredClone(args));
  }

  async answer(method: string, arg: unknown, from: number): Promise<unknown> {
    return await this.#listener?.request(method, arg, from);
  }

  hear(event: string, args: readonly unknown[], bytes = 1): Promise<void> | undefined {
    return this.#listener?.event(event, args, bytes);
  }

  finish(run: number): Promise<void> {
    this.finishes.push(run);
    for (const router of this.others) router.hearFinish(run, this.nodeId);
    return Promise.resolve();
  }

  hearFinish(run: number, from: number): void {
    this.#listener?.finish(run, from);
  }

  /** This node crashes: the others hear it. */
  crash(): void {
    for (const router of this.others) router.hearPeer("peer:crash", this);
  }

  hearPeer(change: PeerChange, { nodeId, labels }: Peer): void {
    this.#listener?.peer(change, { nodeId, labels });
  }

  listen(listener: RouterListener): Disposable {
    this.#listener = listener;
    return { [Symbol.dispose]: () => void (this.#listener = undefined) };
  }
}
