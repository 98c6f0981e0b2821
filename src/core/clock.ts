/** Time as the house sees it; tests hand in one that they move themselves. */
export interface Clock {
  /** Milliseconds that never jump back; only differences mean something. */
  now(): number;
  /** Runs once after `ms`, unless disposed before. */
  after(ms: number, run: () => void): Disposable;
}

/** The real time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
