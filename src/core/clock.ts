/** Time as the house sees it; tests hand in one that they move themselves. */
export interface Clock {
  /** Milliseconds that never jump back; only differences mean something. */
  now(): number;
  /** Runs once after `ms`, unless disposed before. */
  after(ms: number, run: () => void): Disposable;
}

/** What a timer of the platform waits at most, in milliseconds; a longer one would run at once. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

/** The real time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (left: number): void => {
      timer =
        left > LONGEST_TIMER_MS
          ? setTimeout(() => wait(left - LONGEST_TIMER_MS), LONGEST_TIMER_MS)
          : setTimeout(run, left);
    };
    wait(ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
