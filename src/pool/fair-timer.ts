import type { Clock } from "../core/clock.ts";
import { look } from "./look.ts";

/** A timer that is later than this tells that this process was held up: what has arrived meanwhile is still to be read. */
const HELD_UP_MS = 25;
/** So long it then has to read it; it may be held up again. */
const CATCH_UP_MS = 250;
const MOST_CATCH_UPS = 4;

/**
 * Runs once after `ms`, unless disposed before, and never before what arrived in time has been read: a process that
 * was held up finds its timers due together with the answers that it has not looked at.
 */
export function fairTimer(clock: Clock, ms: number, run: () => void): Disposable {
  let isDisposed = false;
  let timer: Disposable;
  const wait = (waitMs: number, catchUps: number): void => {
    const dueMs = clock.now() + waitMs;
    timer = clock.after(waitMs, () => {
      const isHeldUp = clock.now() - dueMs > HELD_UP_MS;
      if (isHeldUp && catchUps > 0) wait(Math.min(ms, CATCH_UP_MS), catchUps - 1);
      else void look().then(() => !isDisposed && run());
    });
  };
  wait(ms, MOST_CATCH_UPS);
  return {
    [Symbol.dispose]: () => {
      isDisposed = true;
      timer[Symbol.dispose]();
    },
  };
}
