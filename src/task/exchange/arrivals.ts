import { LONGEST_TIMER_MS } from "../../core/clock.ts";
import { abortable, within } from "../../core/wait.ts";
import { DingError } from "../../core/errors.ts";
import type { MainTask } from "../task.ts";

/** Options with all their defaults. */
export type Settled<T> = { [K in keyof T]-?: NonNullable<T[K]> };

/** Throws `usage.invalid-option` for a number below `least`, or one that is neither whole, nor Infinity, nor a time. */
export function checkNumbers(options: Record<string, number>, least: Record<string, number>): void {
  for (const [name, value] of Object.entries(options)) {
    const from = least[name] ?? 0;
    const isWhole = Number.isInteger(value) || value === Infinity || name.endsWith("Ms");
    if (value >= from && isWhole) continue;
    throw new DingError("usage.invalid-option", `Cannot use ${name} ${value}`, {
      hint: `It is a number from ${from}.`,
    });
  }
}

/** How a wait for what others send has ended. */
export type WaitEnd = "arrived" | "finished" | "late";

/** Wakes a middleware that waits for what others send; each arrival wakes all who wait then. */
export class Arrivals {
  #next = Promise.withResolvers<void>();

  /** Something has come. */
  wake(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }

  /**
   * Until there is what is looked for, the task is to finish, or `waitMs` are over. Rejects when the step has failed or
   * the task stops.
   */
  async until(
    task: Pick<MainTask, "finishing" | "signal">,
    isThere: () => boolean,
    waitMs: number,
  ): Promise<WaitEnd> {
    const startedMs = performance.now();
    const ending = AbortSignal.any([task.finishing, task.signal]);
    while (!isThere()) {
      if (task.finishing.aborted) return "finished";
      const leftMs = waitMs - (performance.now() - startedMs);
      if (leftMs <= 0) return "late";
      const woken = abortable(this.#next.promise, ending);
      try {
        await (leftMs === Infinity
          ? woken
          : within(woken, Math.min(leftMs, LONGEST_TIMER_MS), "it"));
      } catch (error) {
        task.signal.throwIfAborted();
        if (task.finishing.aborted) return "finished";
        if (DingError.from(error).code !== "wait.timeout") throw error;
      }
    }
    return "arrived";
  }
}

/** Did the other node not answer because it is gone, or its task has ended? */
export function isOfOneGone(error: unknown): boolean {
  const { code } = DingError.from(error);
  return code.startsWith("network.") || code === "service.stopping" || code === "state.invalid";
}
