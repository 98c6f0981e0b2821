import { DingError } from "./errors.ts";
import type { AbortNotice } from "./lazy-abort.ts";

/** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
export function delay(ms: number, signal?: AbortNotice): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** The promise, or the signal's reason if that aborts first; the promise itself goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortNotice | undefined): Promise<T> {
  if (!signal) return promise;
  if (signal.aborted) {
    promise.catch(() => {}); // nobody waits for it any more; its failure must not crash the process
    return Promise.reject(signal.reason as Error);
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.finally(() => signal.removeEventListener("abort", onAbort)).then(resolve, reject);
  });
}

/** The promise, or a DingError `wait.timeout` that names `what` after `ms`; the promise itself goes on. */
export function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const state = `${Math.round(ms)} ms passed`;
  const timer = setTimeout(
    () => late.reject(new DingError("wait.timeout", `Cannot wait longer for ${what}: ${state}`)),
    ms,
  );
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

/** Is it a promise, of whatever make? */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
