import type { Piece } from "../batching/piece.ts";
import type { Job } from "./job.ts";

/** A batch that is handed out. */
export class HandedOut {
  readonly pieces: readonly Piece<Job>[];
  /** Has its worker been told that nobody waits for it? */
  isDeserted = false;
  #leave: () => void;

  /** It lies ready; `cancel` ends it before a worker begins it. */
  constructor(pieces: readonly Piece<Job>[], cancel: () => void) {
    this.pieces = pieces;
    this.#leave = cancel;
  }

  /** A worker has begun it; by `desert` its code hears that it may end. */
  runs(desert: () => void): void {
    this.#leave = () => {
      this.isDeserted = true;
      desert();
    };
  }

  /** Nobody waits for it any more. */
  leave(): void {
    this.#leave();
  }
}

/** Batches that workers have, each ready behind another, or running; one that nobody waits for any more is cancelled. */
export class ReadyBatches {
  readonly #batches = new Set<HandedOut>();

  add(batch: HandedOut): void {
    this.#batches.add(batch);
  }

  /** It has ended. */
  delete(batch: HandedOut): void {
    this.#batches.delete(batch);
  }

  /** A job has ended that had been handed out. */
  onLeft(): void {
    for (const batch of this.#batches) {
      if (!isDeserted(batch)) continue;
      this.#batches.delete(batch);
      batch.leave();
    }
  }
}

function isDeserted({ pieces }: HandedOut): boolean {
  return pieces.every(({ entry }) => entry.value.isEnded);
}
