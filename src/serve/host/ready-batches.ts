import type { Piece } from "../batching/piece.ts";
import type { Job } from "./job.ts";

/** A batch that is handed out, and that no worker has begun. */
export interface ReadyBatch {
  readonly pieces: readonly Piece<Job>[];
  cancel(): void;
}

/** Batches that lie ready in workers behind others; one that nobody waits for any more is cancelled. */
export class ReadyBatches {
  readonly #batches = new Set<ReadyBatch>();

  add(batch: ReadyBatch): void {
    this.#batches.add(batch);
  }

  /** A worker has begun it, or it has ended. */
  delete(batch: ReadyBatch): void {
    this.#batches.delete(batch);
  }

  /** A job has ended that had been handed out. */
  onLeft(): void {
    for (const batch of this.#batches) {
      if (!isDeserted(batch)) continue;
      this.#batches.delete(batch);
      batch.cancel();
    }
  }
}

function isDeserted({ pieces }: ReadyBatch): boolean {
  return pieces.every(({ entry }) => entry.value.isEnded);
}
