/** Time as the house sees it; tests hand in one that they move themselves. */
export interface Clock {
  /** Milliseconds that never jump back; only differences mean something. */
  now(): number;
  /** Runs once after `ms`, unless disposed before. */
  after(ms: number, run: () => void): Disposable;
}

/** What the platform waits at most; for longer ones it does not wait at all. */
const MOST_MS = 2 ** 31 - 1;

/** The real time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    let timer: ReturnType<typeof setTimeout>;
    const wait = (left: number): void => {
      timer =
        left > MOST_MS ? setTimeout(() => wait(left - MOST_MS), MOST_MS) : setTimeout(run, left);
    };
    wait(ms);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};
