import { DingError } from "../../../../src/core/errors.ts";
import { MainTask } from "../../../../src/task/task.ts";
import { OnlineRLContext } from "../../../../src/task/rl-contexts.ts";
import type { Ask, NodeNotes, RouteOptions } from "../../../../src/task/router.ts";
import { FakeMesh, FakeRouter } from "../fake-router.ts";

/** A mesh in one process whose nodes tell each other numbers, and whose retained events wait for who comes later. */
export class NotingMesh {
  readonly #mesh = new FakeMesh();
  readonly #notes = new Map<string, Map<number, number>>();
  readonly #retained = new Map<string, readonly unknown[]>();
  readonly #gone = new Set<number>();
  /** What was sent, and to whom. */
  readonly sent: { event: string; to: number | undefined }[] = [];

  /** A started task with a role, on a node of its own. */
  task(role?: string): MainTask<OnlineRLContext> {
    const router = new NotingRouter(this, this.#mesh);
    this.#mesh.routers.push(router);
    const task = new MainTask({ router }).start({ ctx: new OnlineRLContext() });
    if (role !== undefined) task.addRole(role);
    return task;
  }

  /** What was retained reaches this node now, as one that has just joined. */
  async greet(task: MainTask<OnlineRLContext>): Promise<void> {
    const router = task.router as NotingRouter;
    for (const [event, args] of this.#retained) await router.hear(event, args);
  }

  /** Nobody reaches this node any more. */
  vanish(task: MainTask<OnlineRLContext>): void {
    this.#gone.add(task.router.nodeId);
  }

  isGone(nodeId: number): boolean {
    return this.#gone.has(nodeId);
  }

  note(sent: { event: string; to: number | undefined }): void {
    this.sent.push(sent);
  }

  retain(event: string, args: readonly unknown[]): void {
    this.#retained.set(event, structuredClone(args));
  }

  notesOf(nodeId: number): NodeNotes {
    const under = (key: string): Map<number, number> => {
      const known = this.#notes.get(key) ?? new Map<number, number>();
      this.#notes.set(key, known);
      return known;
    };
    return {
      get: (key) => under(key).get(nodeId),
      set: (key, value) => void under(key).set(nodeId, value),
      of: (key) => new Map([...under(key)].filter(([id]) => id !== nodeId)),
      onChange: () => ({ [Symbol.dispose]() {} }),
    };
  }
}

class NotingRouter extends FakeRouter {
  override readonly notes: NodeNotes;
  readonly #noting: NotingMesh;

  constructor(noting: NotingMesh, mesh: FakeMesh) {
    super(mesh, mesh.routers.length, new Set());
    this.#noting = noting;
    this.notes = noting.notesOf(this.nodeId);
  }

  override request(to: number, ask: Ask): Promise<unknown> {
    this.#noting.note({ event: ask.method, to });
    if (this.#noting.isGone(to)) {
      return Promise.reject(new DingError("network.unreachable", `Cannot reach node ${to}`));
    }
    return super.request(to, ask);
  }

  override async emit(
    event: string,
    args: readonly unknown[],
    options: RouteOptions,
  ): Promise<void> {
    this.#noting.note({ event, to: options.to });
    if (options.retain) this.#noting.retain(event, args);
    await super.emit(event, args, options);
  }
}
