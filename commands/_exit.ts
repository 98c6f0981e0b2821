import { setInterval } from "node:timers";

const GRACE_MS = 500;

/**
 * Ends the program with this exit code: at once when nothing is left to do, and
 * after a moment when something forgotten keeps it alive. Output is always written out first.
 */
export function endProgram(exitCode: number): void {
  process.exitCode = exitCode;
  const timer = setInterval(() => {
    if (process.stdout.writableLength === 0 && process.stderr.writableLength === 0) {
      process.exit(exitCode);
    }
  }, GRACE_MS);
  timer.unref();
}

/** A reader that went away (`ding … | head -1`) ends the program quietly, as any pipe does. */
export function endWhenNobodyReads(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}
