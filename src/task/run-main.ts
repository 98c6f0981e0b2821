import type { MainTask } from "./task.ts";

/** A program: emits, listens, uses middlewares, runs. */
export type Main = (task: MainTask) => unknown;

/** What a main runs on. */
export interface RunMainOptions {
  /** A fresh task, which tells `onFailure` of errors. */
  makeTask: (hooks: { onFailure: (error: unknown) => void }) => MainTask;
}

/**
 * Runs a program to its end, once. In good order the peers are told to finish; a failure is told to nobody here, and
 * rejects. Either way nothing of its task listens any more.
 */
export async function runMain(main: Main, { makeTask }: RunMainOptions): Promise<void> {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // it may come when main has ended
  const task = makeTask({ onFailure: failed.reject });
  try {
    await Promise.race([Promise.resolve(task).then(main), failed.promise]);
    await task.stop();
  } finally {
    await task.close();
  }
}
