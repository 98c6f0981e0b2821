import { systemClock, type Clock } from "../core/clock.ts";

/** Milliseconds since 1970, the one time that all processes and restarts share; it jumps when somebody sets the clock. */
export const wallClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => systemClock.after(ms, run),
};
