export interface UntilOptions {
  /** How long to try before giving up; default 30,000. */
  timeoutMs?: number;
  /** What is waited for, as the error will say it; a function is asked when it has failed. */
  what?: string | (() => string);
  /** Pause between two looks; default 10. */
  everyMs?: number;
}

/** Looks again and again until `condition` gives something truthy, and gives that; rejects by the deadline, naming `what`. */
export async function until<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 30_000, what = () => String(condition), everyMs = 10 }: UntilOptions = {},
): Promise<Exclude<T, false | null | undefined | 0 | "">> {
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, false | null | undefined | 0 | "">;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      const why = lastError === undefined ? "" : `: ${Bun.inspect(lastError)}`;
      const name = typeof what === "string" ? what : what();
      throw new Error(`Waited ${timeoutMs} ms in vain for ${name}${why}`, { cause: lastError });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
