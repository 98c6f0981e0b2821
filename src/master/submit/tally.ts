import { END_STATUSES, type EndStatus, type ResultLine } from "./result-line.ts";
import type { EarlierResults } from "./results-resume.ts";

/** How a job went. */
export interface SubmitSummary {
  /** How many tasks ended in each way, those of an earlier run among them. */
  counts: Record<EndStatus, number>;
  /** Tasks that ended; the sum of the counts. */
  done: number;
  /** Those of them that an earlier run had ended. */
  skipped: number;
  /** The first results by their place in the job. */
  first: ResultLine[];
  /** Attempts that had to be repeated. */
  retried: number;
  ms: number;
  /** True when it was stopped before all was done. */
  isInterrupted: boolean;
}

const MAX_FIRST = 20;

/** Counts the ends of tasks and keeps the first results. */
export class Tally {
  readonly #counts = Object.fromEntries(END_STATUSES.map((status) => [status, 0])) as Record<
    EndStatus,
    number
  >;
  readonly #first: ResultLine[] = [];
  readonly #skipped: number;

  constructor(earlier?: EarlierResults) {
    this.#skipped = earlier?.size ?? 0;
    if (earlier) for (const status of END_STATUSES) this.#counts[status] = earlier.count(status);
  }

  get done(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0);
  }

  add(line: ResultLine): void {
    this.#counts[line.status] += 1;
    const last = this.#first.at(-1);
    if (this.#first.length === MAX_FIRST && last && line.index > last.index) return;
    const place = this.#first.findLastIndex((other) => other.index < line.index) + 1;
    this.#first.splice(place, 0, line);
    this.#first.length = Math.min(this.#first.length, MAX_FIRST);
  }

  summary(rest: Pick<SubmitSummary, "retried" | "ms" | "isInterrupted">): SubmitSummary {
    const { done } = this;
    const [skipped, first] = [this.#skipped, this.#first];
    return { counts: { ...this.#counts }, done, skipped, first, ...rest };
  }
}
