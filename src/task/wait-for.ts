import { LONGEST_TIMER_MS, type Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { EventHub } from "./event-hub.ts";

/** What to wait for, and how long. */
export interface WaitForOptions {
  /** Rejects with `wait.timeout` after so long; default never. */
  timeoutMs?: number;
  /** Rejects with its reason. */
  signal?: AbortSignal;
  /** Only an event for whose arguments it gives true. */
  filter?: (args: readonly unknown[]) => boolean;
  /** After `timeoutMs` gives undefined, as the ancestor does, in place of rejecting; default false. */
  compat?: boolean;
}

/** For a node that may be left by all who could tell it something. */
export interface WaitLimit {
  /** So often a wait looks whether that is so; then it ends. */
  everyMs: number;
  isLeft: () => boolean;
}

/** What a wait stands on. */
interface Ground {
  clock: Clock;
  halted: AbortSignal;
  /** For waits that have no limit of their own. */
  waitLimit: WaitLimit | undefined;
}

/** The arguments of the next such event. However it ends, nothing of it is left. */
export function waitForEvent(
  hub: EventHub,
  event: string,
  options: WaitForOptions & Ground,
): Promise<readonly unknown[] | undefined> {
  const { timeoutMs = Number.POSITIVE_INFINITY, signal, filter, clock, halted } = options;
  const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[] | undefined>();
  const given = signal ? [signal, halted] : [halted];
  const aborted = given.find((one) => one.aborted);
  if (aborted) {
    reject(aborted.reason);
    return promise;
  }
  // A filter that throws may end it while it is still being set up.
  const cleanups: (() => void)[] = [];
  let isOver = false;
  const onEnd = (cleanup: () => void): void => {
    if (isOver) cleanup();
    else cleanups.push(cleanup);
  };
  const leave = (): void => {
    isOver = true;
    for (const cleanup of cleanups.splice(0)) cleanup();
  };
  const fail = (reason: unknown): void => {
    reject(reason);
    leave();
  };
  const take = (args?: readonly unknown[]): void => {
    resolve(args);
    leave();
  };
  for (const one of given) {
    const onAbort = (): void => fail(one.reason);
    one.addEventListener("abort", onAbort, { once: true });
    onEnd(() => one.removeEventListener("abort", onAbort));
  }
  const giveUp = (told: string): void => {
    fail(new DingError("wait.timeout", `Cannot wait longer for event "${event}": ${told}`));
  };
  const after = (ms: number, run: () => void): void => {
    const timer = clock.after(ms, run);
    onEnd(() => timer[Symbol.dispose]());
  };
  const { waitLimit: limit } = options;
  if (timeoutMs <= LONGEST_TIMER_MS) {
    after(timeoutMs, () => {
      if (options.compat === true) take();
      else giveUp(`it did not come within ${timeoutMs} ms`);
    });
  } else if (limit) {
    const look = (): void => {
      if (limit.isLeft()) giveUp("all other nodes have ended");
      else after(limit.everyMs, look);
    };
    after(limit.everyMs, look);
  }
  const accepts = (args: readonly unknown[]): boolean => {
    try {
      return filter?.(args) ?? true;
    } catch (error) {
      fail(error); // it is the waiter's own: nobody else needs to hear
      return false;
    }
  };
  onEnd(hub.on(event, (...args: readonly unknown[]) => take(args), { isOnce: true, accepts }));
  return promise;
}
