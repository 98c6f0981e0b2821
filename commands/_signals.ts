import { closeSync, openSync, readFileSync } from "node:fs";

/** With what exit code a program leaves that a signal ended. */
export const SIGNAL_EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** The signals that ask this program to end. */
export type StopSignal = keyof typeof SIGNAL_EXIT_CODES;

/** Whether someone asked the program to end. */
export interface StopRequest extends Disposable {
  readonly asked: Promise<StopSignal>;
  /** Aborts when someone asks. */
  readonly signal: AbortSignal;
}

/** What else a signal may mean. */
export interface StopOptions {
  /** SIGHUP is no wish to end but this, as daemons have it; unless it says that the terminal is gone. */
  hangUp?: (() => void) | undefined;
}

/** `timeout` and `npm` pass a signal on to a program that has had it with its group: both come within this time. */
const TWIN_MS = 8;

/**
 * First signal: asks for a graceful end. Second signal: leaves at once, with 130 or 143.
 * Listen before anything is started: a signal during start-up counts too.
 */
export function listenForStop({ hangUp }: StopOptions = {}): StopRequest {
  const hadTerminal = hasTerminal();
  const asked = Promise.withResolvers<StopSignal>();
  const abort = new AbortController();
  let first: { signal: StopSignal; atMs: number } | undefined;
  const onSignal = (signal: StopSignal): void => {
    if (signal === "SIGHUP" && hangUp && (!hadTerminal || hasTerminal())) return hangUp();
    if (first?.signal === signal && performance.now() - first.atMs < TWIN_MS) return;
    if (abort.signal.aborted) process.exit(SIGNAL_EXIT_CODES[signal]);
    abort.abort();
    asked.resolve(signal);
    first = { signal, atMs: performance.now() };
  };
  const signals = (Object.keys(SIGNAL_EXIT_CODES) as StopSignal[]).filter(
    (name) => !isIgnored(name),
  );
  for (const signal of signals) process.on(signal, onSignal);
  return {
    asked: asked.promise,
    signal: abort.signal,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}

const HANGUP_BIT = 1n;

/** `nohup` starts a program with SIGHUP ignored; a listener would undo that. */
function isIgnored(signal: StopSignal): boolean {
  if (signal !== "SIGHUP") return false;
  try {
    const mask = /^SigIgn:\s*([\da-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & HANGUP_BIT) !== 0n;
  } catch {
    // No /proc here: take it as not ignored.
    return false;
  }
}

/** Is there a terminal that this program belongs to? */
function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
