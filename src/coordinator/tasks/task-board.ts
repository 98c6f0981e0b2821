import { DingError } from "../../core/errors.ts";
import { backoffMs, type Backoff } from "../../core/retry.ts";
import type { END_STATES, TaskKind, TaskRecord, TaskState } from "./task-record.ts";

/** How patient a board is. Milliseconds. */
export interface BoardOptions {
  /** How long a worker that has a task may be silent. */
  leaseMs: number;
  /** How long a task may wait for a worker, by who does it. */
  queueMs: Readonly<Record<TaskKind, number>>;
  /** So many attempts in a row may come to nothing. */
  maxAttempts: number;
  backoff: Backoff;
  random: () => number;
}

/** What a board saves of a task; times are from when it was saved. */
export interface SavedTask {
  id: string;
  kind: TaskKind;
  attempt: number;
  waitedMs: number;
  reason: string | undefined;
  payload: unknown;
}

/** What a board saves. */
export interface BoardState {
  tasks: SavedTask[];
  counts: Record<string, number>;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Entry = Writable<TaskRecord> & {
  /** Attempts in a row that came to nothing soon. */
  failures: number;
};

/** How many that have ended are remembered. */
const MOST_ENDED = 256;
/** An attempt that went well for so long was a good one. */
const GOOD_MS = 60_000;

/**
 * The tasks of a run. Pure: it is told what happened and the time, and says what became of it.
 *
 *   queued ─ assign() → assigned ─ start() → running ─ drain() → draining
 *     ↑ ↑                  │                    └──┬───────────────┘
 *     │ │                  │                  close() → closing ─ done() → done
 *     │ └── attempts left ─┴─ fail(), lose() ──┴─────────┘
 *     │                    └─ none left → failed, lost
 *     └ waited too long → failed; cancel(), from anywhere → cancelled
 *
 * Whoever speaks for an attempt that is over is told so: `false`, and nothing changes.
 */
export class TaskBoard {
  readonly #options: BoardOptions;
  readonly #open = new Map<string, Entry>();
  readonly #ended: Entry[] = [];
  readonly #counts: Partial<Record<TaskState, number>> = {};

  constructor(options: BoardOptions) {
    this.#options = options;
  }

  /** Tasks that have not ended, the oldest first. */
  get open(): readonly TaskRecord[] {
    return [...this.#open.values()];
  }

  /** The last ones that have ended. */
  get ended(): readonly TaskRecord[] {
    return this.#ended;
  }

  /** Tasks by state: those that are open, and those that ever ended. */
  get counts(): Record<TaskState, number> {
    const counts = { queued: 0, assigned: 0, running: 0, draining: 0, closing: 0 };
    for (const { state } of this.#open.values()) counts[state as keyof typeof counts] += 1;
    const { done = 0, failed = 0, lost = 0, cancelled = 0 } = this.#counts;
    return { ...counts, done, failed, lost, cancelled };
  }

  get(id: string): TaskRecord | undefined {
    return this.#open.get(id);
  }

  /** Is this attempt the one that counts, and on its way? */
  isCurrent(id: string, attempt: number): boolean {
    const entry = this.#open.get(id);
    return entry !== undefined && entry.attempt === attempt && entry.state !== "queued";
  }

  /** A new task; throws when there is one of this id. */
  add(task: { id: string; kind: TaskKind; payload: unknown }, now: number): TaskRecord {
    if (this.#open.has(task.id)) {
      throw new DingError("state.invalid", `Cannot add task "${task.id}": there is one`);
    }
    const entry: Entry = {
      ...task,
      attempt: 1,
      state: "queued",
      queuedAt: now,
      notBefore: now,
      failures: 0,
    };
    this.#open.set(task.id, entry);
    return entry;
  }

  /** Those that could be given out now: evaluations, for which a collector may have made room, then the oldest. */
  waiting(now: number): TaskRecord[] {
    const entries = this.#open.values();
    const ready = entries.filter((one) => one.state === "queued" && one.notBefore <= now);
    return ready.toArray().toSorted((one, other) => rankOf(one.kind) - rankOf(other.kind));
  }

  /** It is written down before it is sent. */
  assign(id: string, workerId: string, now: number): boolean {
    const leaseUntil = now + this.#options.leaseMs;
    return this.#move(id, ["queued"], { state: "assigned", workerId, assignedAt: now, leaseUntil });
  }

  /** Its worker has begun it. */
  start(id: string, attempt: number, now: number): boolean {
    if (this.#open.get(id)?.attempt !== attempt) return false;
    const leaseUntil = now + this.#options.leaseMs;
    return this.#move(id, ["assigned"], { state: "running", leaseUntil });
  }

  /** Its worker was heard of. */
  touch(id: string, attempt: number, now: number): boolean {
    if (!this.isCurrent(id, attempt)) return false;
    return this.#move(id, BUSY, { leaseUntil: now + this.#options.leaseMs });
  }

  /** Its worker was asked to come to an end, and may take so long. */
  drain(id: string, now: number, drainMs: number): boolean {
    const leaseUntil = now + drainMs + this.#options.leaseMs;
    return this.#move(id, ["running"], { state: "draining", leaseUntil });
  }

  /** Its end was asked for. */
  close(id: string, now: number, closeMs = 0): boolean {
    const leaseUntil = now + closeMs + this.#options.leaseMs;
    return this.#move(id, ["running", "draining"], { state: "closing", leaseUntil });
  }

  done(id: string, attempt: number): boolean {
    if (!this.isCurrent(id, attempt)) return false;
    return this.#end(id, "done", undefined);
  }

  /** The attempt came to nothing. Says what the task is now, or undefined when that attempt was over already. */
  fail(
    id: string,
    attempt: number,
    end: { reason: string; now: number; state?: "failed" | "lost" },
  ) {
    const entry = this.#open.get(id);
    if (!entry || !this.isCurrent(id, attempt)) return undefined;
    const { maxAttempts, backoff, random } = this.#options;
    const { reason, now, state = "failed" } = end;
    if (now - (entry.assignedAt ?? now) > GOOD_MS) entry.failures = 0;
    entry.failures += 1;
    if (entry.failures >= maxAttempts) {
      this.#end(id, state, reason);
      return state;
    }
    const notBefore = now + backoffMs(backoff, entry.failures, random);
    Object.assign(entry, { state: "queued", attempt: attempt + 1, queuedAt: now, notBefore });
    Object.assign(entry, { reason, workerId: undefined, leaseUntil: undefined });
    return "queued";
  }

  /** Its worker leaves, and took it no more: it waits for another one. That is no failure. */
  giveBack(id: string, attempt: number, now: number): boolean {
    if (!this.isCurrent(id, attempt)) return false;
    const again = { state: "queued", attempt: attempt + 1, queuedAt: now, notBefore: now } as const;
    return this.#move(id, BUSY, { ...again, workerId: undefined, leaseUntil: undefined });
  }

  /** Nobody wants it any more. */
  cancel(id: string, reason: string): boolean {
    return this.#end(id, "cancelled", reason);
  }

  /** It ends, whatever attempts it has left. */
  giveUp(id: string, reason: string): boolean {
    return this.#end(id, "failed", reason);
  }

  /** Tasks that have waited for a worker longer than they may. */
  overdue(now: number): TaskRecord[] {
    const entries = this.#open.values();
    return entries.filter((one) => one.state === "queued" && this.#queueEnd(one) <= now).toArray();
  }

  /** Tasks whose worker has been silent too long. */
  expired(now: number): TaskRecord[] {
    return this.#open
      .values()
      .filter((one) => one.leaseUntil !== undefined && one.leaseUntil <= now)
      .toArray();
  }

  /** When something becomes due by itself; undefined: never. */
  nextAt(now: number): number | undefined {
    let next = Infinity;
    for (const one of this.#open.values()) {
      next = Math.min(
        next,
        one.state === "queued" ? this.#queueEnd(one) : (one.leaseUntil ?? next),
      );
      if (one.state === "queued" && one.notBefore > now) next = Math.min(next, one.notBefore);
    }
    return next === Infinity ? undefined : next;
  }

  /** Everything that has to be known after a restart. */
  stateDict(now: number): BoardState {
    const tasks = [...this.#open.values()].map(
      ({ id, kind, attempt, state, queuedAt, reason, payload }): SavedTask => ({
        id,
        kind,
        // What runs now will be another attempt: its worker may still speak for this one.
        attempt: state === "queued" ? attempt : attempt + 1,
        waitedMs: state === "queued" ? now - queuedAt : 0,
        reason,
        payload,
      }),
    );
    return { tasks, counts: { ...this.#counts } };
  }

  /** Becomes what was saved; what was running is queued again. */
  loadStateDict({ tasks, counts }: BoardState, now: number): void {
    this.#open.clear();
    for (const { waitedMs, ...task } of tasks) {
      const queuedAt = now - waitedMs;
      this.#open.set(task.id, { ...task, state: "queued", queuedAt, notBefore: now, failures: 0 });
    }
    Object.assign(this.#counts, counts);
  }

  #queueEnd({ kind, queuedAt, notBefore }: Entry): number {
    return Math.max(queuedAt, notBefore) + this.#options.queueMs[kind];
  }

  #move(id: string, from: readonly TaskState[], change: Partial<Entry>): boolean {
    const entry = this.#open.get(id);
    if (!entry || !from.includes(entry.state)) return false;
    Object.assign(entry, change);
    return true;
  }

  #end(id: string, state: (typeof END_STATES)[number], reason: string | undefined): boolean {
    const entry = this.#open.get(id);
    if (!entry) return false;
    this.#open.delete(id);
    Object.assign(entry, { state, reason, leaseUntil: undefined });
    this.#counts[state] = (this.#counts[state] ?? 0) + 1;
    this.#ended.push(entry);
    if (this.#ended.length > MOST_ENDED) this.#ended.shift();
    return true;
  }
}

function rankOf(kind: TaskKind): number {
  return kind === "evaluator" ? 0 : 1;
}

const BUSY: readonly TaskState[] = ["assigned", "running", "draining", "closing"];
