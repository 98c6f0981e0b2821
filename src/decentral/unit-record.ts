import type { Clock } from "../core/clock.ts";

/**
 * Where a unit is in its life.
 *
 *   starting ─ opened() → idle ⇄ busy          away(): back to waiting, until it is opened or at work again
 *      ↑  └─ away() → waiting ─┘
 *      └── revived() ── down ←── lost()        from each of these, when its worker process dies
 *   any ── stopping() → stopping → off
 */
export type UnitState = "starting" | "idle" | "busy" | "waiting" | "down" | "stopping" | "off";

/** In the order in which lists and metrics have them. */
export const UNIT_STATES: readonly UnitState[] = [
  "busy",
  "idle",
  "waiting",
  "starting",
  "down",
  "stopping",
  "off",
];

/** What became of the jobs of a unit: "failed" are tries of `doWork` that threw, and jobs that were lost. */
export const OUTCOMES = ["done", "retried", "dead", "failed", "released"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What there is to know of a unit; pure. */
export class UnitRecord {
  readonly counts: Record<Outcome, number> = {
    done: 0,
    retried: 0,
    dead: 0,
    failed: 0,
    released: 0,
  };
  readonly #clock: Clock;
  readonly #createdAt: number;
  #state: UnitState = "starting";
  #since: number;
  #restarts = 0;
  #job: string | undefined;
  #error: string | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#createdAt = clock.now();
    this.#since = this.#createdAt;
  }

  get state(): UnitState {
    return this.#state;
  }

  /** How often its worker process has died. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The id of the job that it is at. */
  get job(): string | undefined {
    return this.#job;
  }

  /** Why it failed last, or what it waits for. */
  get error(): string | undefined {
    return this.#error;
  }

  get ageMs(): number {
    return this.#clock.now() - this.#createdAt;
  }

  /** How long it is in this state. */
  get stateMs(): number {
    return this.#clock.now() - this.#since;
  }

  /** Its model is there. */
  opened(): void {
    if (this.#state === "starting" || this.#state === "waiting") this.#turn("idle");
  }

  began(job?: string): void {
    if (this.#isEnding || this.#state === "down") return;
    this.#job = job;
    this.#turn("busy");
  }

  ended(): void {
    this.#job = undefined;
    if (this.#state === "busy") this.#turn("idle");
  }

  /** Its last round had nothing to do. */
  rested(): void {
    this.ended();
    this.opened();
  }

  count(outcome: Outcome, error?: string, times: number = 1): void {
    this.counts[outcome] += times;
    if (error !== undefined) this.#error = error;
  }

  /** What it needs is not there: it waits, and tries again. */
  away(reason: string): void {
    this.#error = reason;
    this.#job = undefined;
    if (!this.#isEnding && this.#state !== "down") this.#turn("waiting");
  }

  /** Its worker process has died. */
  lost(reason: string): void {
    this.#error = reason;
    this.#job = undefined;
    this.#restarts += 1;
    if (!this.#isEnding) this.#turn("down");
  }

  /** A new process is there for it. */
  revived(): void {
    if (this.#state === "down") this.#turn("starting");
  }

  stopping(): void {
    if (this.#state !== "off") this.#turn("stopping");
  }

  off(): void {
    this.#job = undefined;
    this.#turn("off");
  }

  get #isEnding(): boolean {
    return this.#state === "stopping" || this.#state === "off";
  }

  #turn(state: UnitState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#since = this.#clock.now();
  }
}
