import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { backoffMs, type Backoff } from "../core/retry.ts";
import { delay } from "../core/wait.ts";
import type { MainTask } from "./task.ts";

/** A program: emits, listens, uses middlewares, runs. */
export type Main = (task: MainTask) => unknown;

/** What becomes of a main that fails. */
export interface RunMainOptions {
  /** A fresh task for each try, which tells `onFailure` of errors. */
  makeTask: (hooks: { onFailure: (error: unknown) => void }) => MainTask;
  /** A main that failed runs again, as a new one. */
  autoRecover?: boolean;
  /** So often; default for ever. */
  maxRetries?: number;
  backoff?: Backoff;
  /** Ends the wait before another try. */
  signal?: AbortSignal;
  log: Logger;
  /** A try has failed and another one follows: the peers want to know. */
  onCrash?: (error: unknown) => void;
}

const BACKOFF: Backoff = { minMs: 500, maxMs: 30_000, jitter: 0.2 };

/**
 * Runs a program to its end. In good order the peers are told to finish; a failure is told to nobody here, and rejects
 * when there are no tries left. Each try has a task of its own: nothing of the last one listens any more.
 */
export async function runMain(main: Main, options: RunMainOptions): Promise<void> {
  const { makeTask, autoRecover = false, maxRetries = Number.POSITIVE_INFINITY, signal } = options;
  for (let attempt = 1; ; attempt++) {
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {}); // it may come when main has ended
    const task = makeTask({ onFailure: failed.reject });
    try {
      await Promise.race([Promise.resolve(task).then(main), failed.promise]);
      await task.stop();
      await task.close();
      return;
    } catch (error) {
      await task.close();
      if (!autoRecover || attempt > maxRetries || signal?.aborted) throw error;
      const facts = { error: messageOf(error), retry: attempt };
      options.log.error("The program failed and runs again", facts);
      options.onCrash?.(error);
      await delay(backoffMs(options.backoff ?? BACKOFF, attempt), signal);
    }
  }
}
