import { Succession } from "./succession.ts";

/** How many delays are remembered, and how often they are put in order. */
const KEPT = 64;
const SORT_EVERY = 16;
/** How many answered batches may still have clients away. */
const MOST_ANSWERS = 16;
/** How many moments `moment()` tells. */
export const MOMENTS = 8;
/** What is believed before anything was seen: a client that got its answer asks again soon. */
const FIRST_BELIEF_MS = [0.2, 0.4, 0.6, 0.8, 1, 2, 4, Infinity];

/** Clients that got their answers together and have not asked again. */
interface Answered {
  readonly atMs: number;
  entries: number;
  readonly rowsEach: number;
}

/**
 * Learns when those who got an answer ask again: their think time, as a closed loop has it. Clients that wait for one
 * answer before the next question come back together right after a batch is answered; others come when they like, and
 * then the learned delays are long or never, and nothing is expected of them.
 */
export class Returns {
  readonly #delaysMs = new Float64Array(KEPT);
  #sorted = Float64Array.from(FIRST_BELIEF_MS);
  #trust = 1;
  #count = 0;
  #newest = 0;
  #unsorted = 0;
  #answers: Answered[] = [];
  /** Of those who came back. */
  readonly succession: Succession = new Succession();
  #awayRows = 0;

  constructor() {
    for (const delayMs of FIRST_BELIEF_MS) this.#remember(delayMs);
  }

  /** Which part of those who were answered asked again in time, of late. */
  get trust(): number {
    return this.#trust;
  }

  /** So many requests were answered, with so many items together. */
  onAnswer(entries: number, rows: number, now: number): void {
    if (entries < 1) return;
    this.#answers.push({ atMs: now, entries, rowsEach: rows / entries });
    this.#awayRows += rows;
    if (this.#answers.length > MOST_ANSWERS) this.#forget();
  }

  /** A request came: most likely from one of those that were answered last. */
  onRequest(now: number): void {
    const last = this.#answers.at(-1);
    if (!last) return;
    this.succession.onReturn(last, now);
    last.entries -= 1;
    this.#awayRows -= last.rowsEach;
    if (last.entries === 0) this.#answers.pop();
    if (this.#answers.length === 0) this.#awayRows = 0;
    this.#remember(now - last.atMs);
  }

  /** Who was answered longer ago than this does not come again. */
  giveUp(now: number, patienceMs: number): void {
    for (let oldest = this.#answers[0]; oldest; oldest = this.#answers[0]) {
      if (now - oldest.atMs <= patienceMs) return;
      this.#forget();
    }
  }

  /** How many items those would bring who have not come back; 0 when nobody is expected. */
  get awayRows(): number {
    return this.#awayRows;
  }

  /** The index-th of eight moments from now at which more may be here, in ms; later ones have higher indexes. Infinity: never. */
  moment(index: number, now: number): number {
    const at = Math.floor(((index + 1) * this.#sorted.length) / MOMENTS) - 1;
    const last = this.#answers.at(-1);
    return last ? (this.#sorted[at] ?? Infinity) - (now - last.atMs) : Infinity;
  }

  /** How many items are expected to come within so many ms from now. */
  rowsWithin(ms: number, now: number): number {
    let rows = 0;
    for (const { atMs, entries, rowsEach } of this.#answers) {
      const before = this.#countUpTo(now - atMs);
      const away = this.#sorted.length - before;
      if (away === 0) continue;
      const after = this.#countUpTo(now - atMs + ms);
      rows += (entries * rowsEach * (after - before)) / away;
    }
    return rows;
  }

  #forget(): void {
    const oldest = this.#answers.shift();
    if (!oldest) return;
    // Sums of fractions drift; nobody away is exactly 0.
    this.#awayRows =
      this.#answers.length === 0 ? 0 : this.#awayRows - oldest.entries * oldest.rowsEach;
    for (let left = Math.min(oldest.entries, KEPT); left > 0; left--) this.#remember(Infinity);
  }

  #remember(delayMs: number): void {
    this.#delaysMs[this.#newest] = delayMs;
    this.#newest = (this.#newest + 1) % KEPT;
    this.#count = Math.min(this.#count + 1, KEPT);
    this.#unsorted += 1;
    if (this.#unsorted < SORT_EVERY) return;
    this.#unsorted = 0;
    this.#sorted = this.#delaysMs.slice(0, this.#count).sort();
    this.#trust = this.#countUpTo(Number.MAX_VALUE) / this.#count;
  }

  /** How many of the delays are no longer than this. */
  #countUpTo(ms: number): number {
    let [from, to] = [0, this.#sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#sorted[middle] ?? Infinity) <= ms) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
