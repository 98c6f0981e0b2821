import type { Clock } from "../core/clock.ts";
import type { ErrorRecord } from "../core/errors.ts";
import type { Body } from "../rpc/message.ts";
import type { CallEvents, Peer } from "../rpc/peer.ts";
import { fairTimer } from "./fair-timer.ts";
import type { Line } from "./line.ts";
import { RETURNED } from "./one-by-one.ts";

/** A piece of work for one worker. Exactly one of `reply` and `fail` is called. */
export interface PoolTask {
  readonly method: string;
  readonly meta: unknown;
  readonly body: Body;
  /** 0 is no limit; counted from the moment at which a worker is at it. */
  readonly timeoutMs: number;
  /** How long it may take to end after a cancel before its worker is killed; default: the pool's. */
  readonly cancelGraceMs?: number | undefined;
  reply(body: Body): void;
  fail(error: ErrorRecord): void;
  event(name: string, body: Body): void;
  /** No worker reads `body` any more; once, right before `reply` or `fail`, or later: a worker may begin what was just cancelled. */
  settled?(): void;
  /**
   * A worker is at it now; by `peer` it can be told something meanwhile. `desert` tells it that nobody waits for the
   * answer: it may end sooner then, and is left in peace.
   */
  taken?(worker: { id: string; pid: number; peer: Pick<Peer, "call"> }, desert: () => void): void;
  /** Its time is up: what it fails with, where that is not the work's own fault; task.timed-out if nothing. */
  late?(worker: { id: string; pid: number }): ErrorRecord | undefined;
}

/** What an assignment needs of its pool. */
export interface AssignmentHome {
  readonly clock: Clock;
  readonly cancelGraceMs: number;
  /** It has not begun, and its worker will not begin it any more. */
  onReturned(assignment: Assignment): void;
}

/** So long a worker has at least to give back what lies ready, before it is killed. */
const RECALL_MS = 50;

/**
 * One piece of work and the worker that has it. It ends once, whatever comes
 * first: the answer, the worker's death, or the kill after a cancel or timeout.
 *
 *   waiting ── give() → ready ── begin() → running ── answer | worker gone → ended
 *    │   ↑                │ │                 └─ cancel(), timeout → ending ── answer | kill → ended
 *    │   └─ given back ───┘ └── cancel() ────────────────────────────────────────────────────↗
 *    └── cancel(), abandon() → ended
 */
export class Assignment implements CallEvents {
  /** Its place among all work of the pool. */
  readonly order: number;
  readonly #task: PoolTask;
  readonly #home: AssignmentHome;
  #line: Line | undefined;
  #call = 0;
  #begunAt: number | undefined;
  #timer: Disposable | undefined;
  /** Why it is being ended; whatever the worker still says, this is the answer. */
  #verdict: ErrorRecord | undefined;
  #isEnded = false;
  #isSettled = false;

  constructor(task: PoolTask, order: number, home: AssignmentHome) {
    this.#task = task;
    this.order = order;
    this.#home = home;
  }

  get bytes(): number {
    return this.#task.body?.length ?? 0;
  }

  get hasBegun(): boolean {
    return this.#begunAt !== undefined;
  }

  /** How long a worker has been at it; 0 before. */
  get runningMs(): number {
    return this.#begunAt === undefined ? 0 : this.#home.clock.now() - this.#begunAt;
  }

  get isEnding(): boolean {
    return this.#verdict !== undefined;
  }

  /** For Line: the worker has it, and begins it when it is the first there. */
  give(line: Line): void {
    const { method, meta, body } = this.#task;
    this.#line = line;
    this.#call = line.worker.peer.call(method, meta, body, this);
  }

  /** For Line: it is the first. */
  begin(): void {
    const { timeoutMs } = this.#task;
    const { clock } = this.#home;
    const worker = this.#line?.worker;
    this.#begunAt = clock.now();
    if (!worker) return;
    // Cancelled while it lay ready; the worker may have begun it before it heard of that.
    if (this.#isEnded) return this.#killLate();
    worker.tasks += 1;
    this.#task.taken?.(worker, () => worker.peer.cancel(this.#call));
    if (timeoutMs === 0) return;
    const message = `The task ran longer than ${timeoutMs} ms`;
    this.#timer = fairTimer(clock, timeoutMs, () =>
      this.#endBy(this.#task.late?.(worker) ?? { code: "task.timed-out", message }),
    );
  }

  cancel(): void {
    this.#endBy({ code: "task.cancelled", message: "The task was cancelled" });
  }

  /** Ends it before any worker is at it. */
  abandon(error: ErrorRecord): void {
    if (!this.#line) this.#settle();
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#task.fail(error);
  }

  /** For Peer: the worker's answer. */
  reply(body: Body): void {
    this.#timer?.[Symbol.dispose]();
    this.#settle();
    if (this.#verdict) this.abandon(this.#verdict);
    else if (!this.#isEnded) {
      this.#isEnded = true;
      this.#task.reply(body);
    }
    this.#tellAnswered();
  }

  /** For Peer: the worker's answer, or its death. */
  fail(error: ErrorRecord): void {
    const line = this.#line;
    const isLost = line?.worker.isGone && !line.wasAt(this);
    if (isLost || (error.code === RETURNED && !this.hasBegun)) return this.#giveBack();
    this.#timer?.[Symbol.dispose]();
    this.#settle();
    this.abandon(this.#verdict ?? error);
    if (!line?.worker.isGone) this.#tellAnswered();
  }

  /** For Peer: something the worker says meanwhile. */
  event(name: string, body: Body): void {
    if (!this.#isEnded) this.#task.event(name, body);
  }

  #endBy(verdict: ErrorRecord): void {
    const line = this.#line;
    if (this.#isEnded || this.#verdict) return;
    if (!line) return this.abandon(verdict);
    line.worker.peer.cancel(this.#call);
    if (!this.hasBegun) return this.abandon(verdict);
    this.#verdict = verdict;
    this.#killLate();
  }

  #killLate(): void {
    const line = this.#line;
    if (!line) return;
    const { clock } = this.#home;
    const cancelGraceMs = this.#task.cancelGraceMs ?? this.#home.cancelGraceMs;
    line.recall();
    const graceMs = line.isRecalling ? Math.max(cancelGraceMs, RECALL_MS) : cancelGraceMs;
    this.#timer?.[Symbol.dispose]();
    this.#timer = fairTimer(clock, graceMs, () => line.worker.killOnPurpose());
  }

  #giveBack(): void {
    this.#timer?.[Symbol.dispose]();
    this.#line?.returned(this);
    this.#line = undefined;
    this.#begunAt = undefined;
    if (this.#isEnded) this.#settle();
    else this.#home.onReturned(this);
  }

  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#task.settled?.();
  }

  #tellAnswered(): void {
    this.#line?.answered(this, { isWell: !this.#verdict, ms: this.runningMs });
  }
}
