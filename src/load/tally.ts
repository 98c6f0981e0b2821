import { LogHistogram } from "../telemetry/log-histogram.ts";
import { FIRST_BAD_STATUS } from "./answer-head.ts";
import type { Ended, Failure } from "./lane.ts";

/** A part of the measure. */
export interface Window {
  /** Good answers that came in it. */
  readonly answered: number;
  readonly meanMs: number;
}

/** A request that ended so had waited for the server until then. */
const SLOW: readonly (Failure | undefined)[] = ["timeout", "unanswered"];

/**
 * Counts what became of the requests of one measure. Times and failures are of
 * the requests that began in it, however long they took; rates of the good answers that came in it.
 */
export class Tally {
  readonly latency: LogHistogram = new LogHistogram();
  readonly lag: LogHistogram = new LogHistogram();
  readonly statuses: Map<number, number> = new Map();
  readonly failures: Map<Failure, number> = new Map();
  /** By status, what the first answer with it said. */
  readonly refusals: Map<number, string> = new Map();
  #minMs = Infinity;
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #counts: number[];
  readonly #sumsMs: number[];

  constructor(fromMs: number, toMs: number, windows: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#counts = Array.from({ length: windows }, () => 0);
    this.#sumsMs = Array.from({ length: windows }, () => 0);
  }

  /** Good answers that came in the measure. */
  get answered(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** The shortest time of a good answer; 0 if there is none. */
  get minMs(): number {
    return this.#minMs === Infinity ? 0 : this.#minMs;
  }

  get windows(): Window[] {
    return this.#counts.map((answered, at) => ({
      answered,
      meanMs: answered === 0 ? 0 : (this.#sumsMs[at] as number) / answered,
    }));
  }

  /** Takes a request that ended at `nowMs`, whenever it began. */
  add(ended: Ended, nowMs: number): void {
    const { countsFromMs, failure, status, lagMs } = ended;
    const ms = nowMs - countsFromMs;
    const isGood = failure === undefined && status < FIRST_BAD_STATUS;
    if (isGood && nowMs >= this.#fromMs && nowMs < this.#toMs) this.#addToWindow(nowMs, ms);
    if (countsFromMs < this.#fromMs || countsFromMs >= this.#toMs) return;
    if (isGood && ms < this.#minMs) this.#minMs = ms;
    if (isGood || SLOW.includes(failure)) this.latency.record(ms);
    if (lagMs !== undefined) this.lag.record(lagMs);
    if (failure !== undefined) return countUp(this.failures, failure);
    countUp(this.statuses, status);
    if (!isGood && !this.refusals.has(status)) this.refusals.set(status, ended.refusal);
  }

  #addToWindow(nowMs: number, ms: number): void {
    const span = (this.#toMs - this.#fromMs) / this.#counts.length;
    const at = Math.min(Math.floor((nowMs - this.#fromMs) / span), this.#counts.length - 1);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#sumsMs[at] = (this.#sumsMs[at] as number) + ms;
  }
}

function countUp<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
