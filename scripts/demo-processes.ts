import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

const STOP_DEADLINE_MS = 10_000;
const ERROR_TAIL_LINES = 20;

/** What to run, and how to hear it. */
export interface Command {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Lets the child draw on our own terminal; otherwise its last lines are kept for the error message. */
  readonly showErrors?: boolean;
}

/** A started program: its lines on stdout, and how it ended. */
export interface Program {
  readonly name: string;
  readonly lines: AsyncIterable<string>;
  /** Resolves when it ended well, rejects with the last lines of its stderr when it did not. */
  readonly ended: Promise<void>;
}

/** Every process the demo starts; disposing of it leaves none behind. */
export class Processes implements AsyncDisposable {
  readonly #running = new Set<ChildProcess>();
  readonly #cwd: string;
  #stopping = false;

  constructor(cwd: string) {
    this.#cwd = cwd;
    process.once("exit", this.#kill);
  }

  /** Starts a program without waiting for it. */
  start(command: Command): Program {
    if (this.#stopping) throw new Error(`Cannot start ${command.name}: stopping`);
    const stderr = command.showErrors ? "inherit" : "pipe";
    const child = spawn(command.program, command.args, {
      cwd: this.#cwd,
      stdio: ["ignore", "pipe", stderr],
    });
    this.#running.add(child);
    const ended = this.#watch(child, command.name);
    ended.catch(() => {}); // whoever awaits it hears of it
    if (!child.stdout) throw new Error(`Cannot read the output of ${command.name}`);
    return { name: command.name, lines: createInterface({ input: child.stdout }), ended };
  }

  async #watch(child: ChildProcess, name: string): Promise<void> {
    const tail: string[] = [];
    if (child.stderr) {
      createInterface({ input: child.stderr }).on("line", (line) => {
        tail.push(line);
        if (tail.length > ERROR_TAIL_LINES) tail.shift();
      });
    }
    try {
      const [code, signal] = (await once(child, "close")) as [number | null, string | null];
      if (code === 0) return;
      const how = signal === null ? `exit code ${code}` : signal;
      throw new Error([`${name} ended with ${how}`, ...tail].join("\n  "));
    } finally {
      this.#running.delete(child);
    }
  }

  /** SIGTERM to all that still runs, SIGKILL to what is left at the deadline. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    const closed = [...this.#running].map((child) => once(child, "close").catch(() => {}));
    for (const child of this.#running) child.kill("SIGTERM");
    const deadline = new AbortController();
    await Promise.race([
      Promise.all(closed),
      delay(STOP_DEADLINE_MS, undefined, { signal: deadline.signal }).catch(() => {}),
    ]);
    deadline.abort();
    this.#kill();
    await Promise.all(closed);
    process.off("exit", this.#kill);
  }

  readonly #kill = (): void => {
    for (const child of this.#running) child.kill("SIGKILL");
  };
}

/** Waits for a promise until a deadline or the signal, whichever comes first; the error names what was waited for. */
export async function within<T>(
  deadlineMs: number,
  what: { readonly name: string; readonly stopping: AbortSignal },
  promise: Promise<T>,
): Promise<T> {
  const early = Promise.withResolvers<never>();
  const stop = () => early.reject(what.stopping.reason);
  const late = () =>
    early.reject(new Error(`${what.name} took longer than ${deadlineMs / 1_000} s`));
  what.stopping.addEventListener("abort", stop, { once: true });
  const timer = setTimeout(late, deadlineMs);
  try {
    if (what.stopping.aborted) stop();
    return await Promise.race([promise, early.promise]);
  } finally {
    clearTimeout(timer);
    what.stopping.removeEventListener("abort", stop);
  }
}
