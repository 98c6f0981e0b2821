import type { Assignment } from "./assignment.ts";
import { RECALL } from "./one-by-one.ts";
import type { WorkerProcess } from "./worker-process.ts";

/**
 * Only work as short as this, in milliseconds, gains from lying ready: against longer work the way there is nothing,
 * and behind it a piece would only be out of reach.
 */
const BRISK_MS = 10;
const MOST_BYTES_AHEAD = 2 * 1024 * 1024;

/** How much one worker may have. */
export interface LineLimits {
  /** Pieces that may lie ready behind the one it is at. */
  mostAhead: number;
  /** A worker is replaced after so many; 0 keeps it. */
  maxTasksPerWorker: number;
}

/**
 * The work that one worker has. The first piece is the one it is at; those
 * behind it lie ready there, and the worker begins each only when the answer
 * before it has surely left. So when it dies, the first piece without an
 * answer is its own, and those behind it never began: another worker may have them.
 */
export class Line {
  readonly worker: WorkerProcess;
  readonly #limits: LineLimits;
  readonly #onAnswered: (line: Line, isWell: boolean) => void;
  readonly #pieces: Assignment[] = [];
  #isRecalling = false;
  #lastMs = Infinity;

  constructor(
    worker: WorkerProcess,
    limits: LineLimits,
    onAnswered: (line: Line, isWell: boolean) => void,
  ) {
    this.worker = worker;
    this.#limits = limits;
    this.#onAnswered = onAnswered;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  get isRecalling(): boolean {
    return this.#isRecalling;
  }

  /** True when one more piece may lie ready here. */
  get hasRoom(): boolean {
    const { mostAhead, maxTasksPerWorker } = this.#limits;
    const [first] = this.#pieces;
    if (!first || first.isEnding || this.#isRecalling || this.#lastMs > BRISK_MS) return false;
    const ahead = this.#pieces.length - 1;
    if (ahead >= mostAhead || !this.worker.isReachable || first.runningMs > BRISK_MS) return false;
    if (maxTasksPerWorker > 0 && this.worker.tasks + ahead >= maxTasksPerWorker) return false;
    let bytes = 0;
    for (const piece of this.#pieces) bytes += piece.bytes;
    return bytes < MOST_BYTES_AHEAD;
  }

  /** True when something lies ready behind the first piece. */
  get hasAhead(): boolean {
    return this.#pieces.length > 1;
  }

  /** True when the worker would begin a piece at once. */
  get isIdle(): boolean {
    return this.#pieces.length === 0 && this.worker.isReachable;
  }

  /** True when a piece would be with the worker at once, be it that it lies ready there. */
  get isOpen(): boolean {
    return this.isIdle || this.hasRoom;
  }

  add(piece: Assignment): void {
    this.#pieces.push(piece);
    piece.give(this);
    if (this.#pieces.length === 1) piece.begin();
  }

  /** Is this the piece that the worker was at when it died? One that was killed for another had not begun it. */
  wasAt(piece: Assignment): boolean {
    return this.#pieces[0] === piece && (piece.hasBegun || !this.worker.isKilledOnPurpose);
  }

  /** The worker has done with a piece, the first or one that was cancelled behind it. */
  answered(piece: Assignment, { isWell, ms }: { isWell: boolean; ms: number }): void {
    this.#remove(piece);
    this.#lastMs = ms;
    this.#beginFirst();
    this.#onAnswered(this, isWell);
  }

  /** The worker has given back a piece that it has not begun. */
  returned(piece: Assignment): void {
    this.#remove(piece);
  }

  /** Asks for what lies ready behind a first piece that takes so long or longer. */
  recallBehind(longMs: number): void {
    if (this.#pieces[0] && this.#pieces[0].runningMs >= longMs) this.recall();
  }

  /** Asks the worker for everything behind the first piece: it may have to be killed. */
  recall(): void {
    if (this.#isRecalling || this.#pieces.length < 2) return;
    this.#isRecalling = true;
    const settled = (): void => {
      this.#isRecalling = false;
      if (this.worker.isGone) return;
      this.#beginFirst();
      this.#onAnswered(this, false);
    };
    this.worker.peer.call(RECALL, null, undefined, { reply: settled, fail: settled });
  }

  #remove(piece: Assignment): void {
    const index = this.#pieces.indexOf(piece);
    if (index >= 0) this.#pieces.splice(index, 1);
  }

  /** While pieces are being recalled nobody knows which will come back. */
  #beginFirst(): void {
    const [first] = this.#pieces;
    if (first && !first.hasBegun && !this.#isRecalling) first.begin();
  }
}
