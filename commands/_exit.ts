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

/** The shell's word for a program whose reader went away: 128 + SIGPIPE. */
const EXIT_READER_GONE = 141;

/**
 * Output that cannot be written ends the program, and says so: whoever reads it
 * must not take half of it for all. A log line that cannot be written is just lost.
 */
export function endWhenNobodyReads(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // What something forgotten still says after the end is not missed.
    if (error.code === "ERR_STREAM_WRITE_AFTER_END") return;
    const isGone = error.code === "EPIPE";
    const reason = isGone ? "its reader is gone" : error.message;
    process.stderr.write(`ding: Cannot write to standard output: ${reason}\n`);
    process.exit(isGone ? EXIT_READER_GONE : 1);
  });
  process.stderr.on("error", () => {});
}
