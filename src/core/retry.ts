/** How long to wait between tries: doubles from `minMs` to `maxMs`. */
export interface Backoff {
  minMs: number;
  maxMs: number;
  /** Share of the wait that is left to chance, 0 to 1; spreads out those who fail together. */
  jitter: number;
}

/** The wait before try number `attempt` (1 is the first repetition), in milliseconds. */
export function backoffMs(
  { minMs, maxMs, jitter }: Backoff,
  attempt: number,
  random: () => number = Math.random,
): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 30));
  return full * (1 - jitter * random());
}
