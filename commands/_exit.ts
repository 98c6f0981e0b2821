import { setTimeout } from "node:timers";

const GRACE_MS = 500;

/**
 * Ends the program with this exit code: at once when nothing is left to do, and
 * after a moment when something forgotten keeps it alive. Output is written out first.
 */
export function endProgram(exitCode: number): void {
  process.exitCode = exitCode;
  setTimeout(() => endNow(exitCode), GRACE_MS).unref();
}

/** Ends the program as soon as all output is written, however slow its reader. */
export function endNow(exitCode: number): void {
  // Under Bun only `end` tells when a pipe has taken everything; `writableLength` is always 0.
  process.stdout.end(() => process.stderr.end(() => process.exit(exitCode)));
}

/** A reader that went away (`ding … | head -1`) ends the program quietly, as any pipe does. */
export function endWhenNobodyReads(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    // What something forgotten still says after the end is not missed.
    if (!process.stdout.writableEnded) throw error;
  });
}
