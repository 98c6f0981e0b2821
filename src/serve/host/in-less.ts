import type { DingError } from "../../core/errors.ts";
import type { Piece } from "../batching/piece.ts";
import type { Job } from "./job.ts";

/**
 * What of a batch runs again in less, where no message held it or its answer: nothing is wrong with anyone in it. Each
 * request alone, and one of several items in halves; undefined where it was one item, or failed for something else.
 */
export function inLess(batch: readonly Piece<Job>[], error: DingError): Piece<Job>[] | undefined {
  if (typeof error.details["messageLimitBytes"] !== "number") return undefined;
  const alive = batch.filter(({ entry }) => !entry.value.isEnded);
  const [piece] = alive;
  if (batch.length > 1 || !piece) return alive;
  if (piece.rows < 2) return undefined;
  const half = Math.ceil(piece.rows / 2);
  return [
    { ...piece, rows: half },
    { ...piece, from: piece.from + half, rows: piece.rows - half },
  ];
}
