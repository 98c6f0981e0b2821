import { readFileSync } from "node:fs";
import type { Clock } from "../../core/clock.ts";
import type { ErrorRecord } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";

/**
 * Somebody has stopped this worker by a signal, and so what it is at is not what takes too long: it has died for
 * those who wait for it. Nothing where the worker runs, or where the system does not tell.
 */
export function standingStill(
  { id, pid }: { id: string; pid: number },
  log: Logger,
): ErrorRecord | undefined {
  if (stopOf(pid) === undefined) return undefined;
  log.warn(`worker ${id} stands still: a signal has stopped it, it is replaced`, { pid });
  return { code: "worker.exited", message: "The worker process stood still, stopped by a signal" };
}

/** Ends a worker that stands still: its death says the rest. False where it does not. */
export function endStandingStill(worker: { id: string; pid: number }, log: Logger): boolean {
  if (!standingStill(worker, log)) return false;
  process.kill(worker.pid, "SIGKILL");
  return true;
}

/** Whom the same stop holds at two looks is not stopped for a moment only. */
const LOOK_MS = 1_000;

/** A worker process. */
interface Watched {
  readonly id: string;
  readonly pid: number;
}

/**
 * Looks whether workers that are at something stand still, as long as any is, and ends those that do: others take on
 * their work.
 */
export class StandingStillWatch implements Disposable {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #busy: () => readonly Watched[];
  /** By process: which stop held it at the last look. */
  #stops: ReadonlyMap<number, string> = new Map();
  #timer: Disposable | undefined;

  constructor(of: { clock: Clock; log: Logger; busy: () => readonly Watched[] }) {
    this.#clock = of.clock;
    this.#log = of.log;
    this.#busy = of.busy;
  }

  /** A worker is given something. */
  lookSoon(): void {
    this.#timer ??= this.#clock.after(LOOK_MS, () => this.#look());
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const busy = this.#busy();
    const stops = new Map<number, string>();
    for (const worker of busy) {
      const stop = stopOf(worker.pid);
      if (stop === undefined) continue;
      if (this.#stops.get(worker.pid) === stop) endStandingStill(worker, this.#log);
      stops.set(worker.pid, stop);
    }
    this.#stops = stops;
    if (busy.length > 0) this.lookSoon();
  }
}

/**
 * Names the stop that holds a process, undefined where none does: who has run in between has been given the
 * processor again, which the system counts. A debugger's hold is none. A name cannot hold an end of line here.
 */
function stopOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "utf8");
    if (!/^State:\tT /m.test(text)) return undefined;
    return (text.match(/^\w*voluntary_ctxt_switches:.*$/gm) ?? []).join();
  } catch {
    return undefined;
  }
}
