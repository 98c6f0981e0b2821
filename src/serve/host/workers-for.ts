import type { Batcher } from "../batcher.ts";
import type { Generation } from "./generation.ts";

/** Behind batches as short as this others may lie ready: each worker is free again so soon that nobody minds. */
const SHORT_MS = 1.5;

/**
 * How many workers may have a batch now: those that are idle, or where none is, those in which one may lie ready. Only a
 * full batch gains from that; a smaller one would rather grow meanwhile. What lies ready behind a batch that is not
 * short is out of reach of the other workers: so there must be a batch for each of them, too. And nothing lies ready where
 * priorities differ: what is urgent would wait behind one batch while another worker begins what is not.
 */
export function workersFor(
  generation: Pick<Generation, "free" | "ready">,
  {
    queuedRows,
    maxBatchRows,
    batchMs,
    isMixed,
  }: Pick<Batcher<never>, "queuedRows" | "maxBatchRows" | "batchMs" | "isMixed">,
): number {
  const idle = generation.free();
  if (idle > 0 || isMixed) return idle;
  const batches = batchMs <= SHORT_MS ? 1 : 1 + generation.ready;
  return queuedRows >= batches * maxBatchRows ? generation.free({ ahead: true }) : 0;
}
