import type { Ended } from "./lane.ts";

/** Hears of each request when it has ended. */
export type OnEnd = (ended: Ended) => void;

/** Something that sends requests until it is told to finish; disposing cuts it. */
export interface Loop extends Disposable {
  start(): void;
  /** Plans no more, and waits at most so long for answers; what is left then ends as "unanswered". */
  finish(graceMs: number): Promise<void>;
}
