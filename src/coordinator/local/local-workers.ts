import { DingError } from "../../core/errors.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs } from "../../core/retry.ts";
import type { ChildProcess, OutputLine } from "../../runtime/child-process.ts";
import { spawnSelf } from "../../runtime/self.ts";
import type { WorkerRole } from "../plugin/worker-verbs.ts";
import { LOCAL_PREFIX } from "../workers/roster.ts";

/** What local workers need. */
export interface LocalOptions {
  /** Their modules, as absolute paths. */
  plugins: Readonly<Record<WorkerRole, string | undefined>>;
  /** HOST:PORT of the coordinator. */
  join: string;
  channel: number;
  token: string | undefined;
  /** More flags of `ding slave`, for TLS. */
  flags: readonly string[];
  logLevel: string;
  /** What they print; to this process's stderr without it. */
  output?: ((line: string, from: Record<string, unknown>) => void) | undefined;
  clock: Clock;
  log: Logger;
  /** Aborts when the run is to end: who ends from then on is not started again. */
  signal: AbortSignal;
  /** The process of one has ended: whatever it did is lost. */
  onEnded: (name: string) => void;
  /** One of them cannot be kept running. */
  onBroken: (error: DingError) => void;
}

interface Local {
  name: string;
  role: WorkerRole;
  child: ChildProcess | undefined;
  /** It ended so often before it joined, by itself, and by others. */
  failures: number;
  kills: number;
  isWanted: boolean;
  timer: Disposable | undefined;
  exited: Promise<void>;
}

const RESTART = { minMs: 200, maxMs: 5_000, jitter: 0.3 };
/** It ends by itself before it joins: so will the next one. */
const MOST_FAILURES = 2;
/** Somebody ends it, or the system does, for want of memory, say. */
const MOST_KILLS = 20;
/** After SIGTERM. */
const KILL_AFTER_MS = 5_000;

/** Slaves on this machine as processes, which join, and are started again when they die. */
export class LocalWorkers implements AsyncDisposable {
  readonly #options: LocalOptions;
  readonly #locals = new Map<string, Local>();
  readonly #numbers: Record<WorkerRole, number> = { collector: 0, learner: 0, evaluator: 0 };

  constructor(options: LocalOptions) {
    this.#options = options;
  }

  namesOf(role: WorkerRole): readonly string[] {
    return [...this.#locals.values()].filter((one) => one.role === role).map(({ name }) => name);
  }

  /** Starts one more; its name is what it joins with. */
  add(role: WorkerRole): string {
    const plugin = this.#options.plugins[role];
    if (plugin === undefined) {
      throw new DingError(
        "usage.invalid-input",
        `Cannot start a ${role}: the run has no code for it`,
      );
    }
    const name = `${LOCAL_PREFIX}${role}-${this.#numbers[role]++}`;
    const exited = Promise.resolve();
    const local: Local = {
      name,
      role,
      child: undefined,
      failures: 0,
      kills: 0,
      isWanted: true,
      timer: undefined,
      exited,
    };
    this.#locals.set(name, local);
    this.#start(local, plugin);
    return name;
  }

  has(name: string): boolean {
    return this.#locals.has(name);
  }

  /** It has joined. */
  joined(name: string): void {
    const local = this.#locals.get(name);
    if (local) local.failures = local.kills = 0;
  }

  /** Ends its process, and starts it no more. */
  remove(name: string): void {
    const local = this.#locals.get(name);
    if (!local) return;
    this.#locals.delete(name);
    void this.#end(local);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const locals = [...this.#locals.values()];
    this.#locals.clear();
    await Promise.all(locals.map((local) => this.#end(local)));
  }

  #start(local: Local, plugin: string): void {
    const { join, channel, token, flags, logLevel, output, log } = this.#options;
    const { name, role } = local;
    const line: OutputLine | undefined = output && ((text) => output(text, { worker: name }));
    const args = ["slave", "--plugin", plugin, "--join", join, "--name", name, "--port", "0"];
    const rest = ["--channel", `${channel}`, "--host", "127.0.0.1", "--concurrency", "1"];
    const child = spawnSelf(
      [...args, ...rest, "--mode", "refuse", "--log-level", logLevel, ...flags],
      token === undefined ? {} : { DING_TOKEN: token },
      line,
    );
    local.child = child;
    const exit = Promise.withResolvers<void>();
    local.exited = exit.promise;
    void child.closed.then(({ code, signal, error }) => {
      if (error) log.error(`cannot start ${role} ${name}: ${error.message}`);
      local.child = undefined;
      if (local.isWanted) this.#options.onEnded(name);
      exit.resolve();
      if (!local.isWanted || this.#options.signal.aborted) return;
      if (signal === null && code !== 0) local.failures += 1;
      else local.kills += 1;
      this.#again(local, plugin, signal ?? `code ${code}`);
    });
  }

  #again(local: Local, plugin: string, how: string): void {
    const { clock, log, onBroken } = this.#options;
    const times = local.failures + local.kills;
    log.warn(`${local.name} has ended with ${how}, and is started again`);
    if (local.failures >= MOST_FAILURES || times > MOST_KILLS) {
      local.isWanted = false;
      const message = `Cannot keep ${local.name} running: it ended ${times} times before it joined, with ${how}`;
      return onBroken(
        new DingError("worker.exited", message, {
          hint: `Look at what it printed, or run it by hand: ding slave --plugin ${plugin}`,
        }),
      );
    }
    local.timer = clock.after(backoffMs(RESTART, times), () => this.#start(local, plugin));
  }

  async #end(local: Local): Promise<void> {
    local.isWanted = false;
    local.timer?.[Symbol.dispose]();
    const { child } = local;
    if (!child) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
    await local.exited;
    clearTimeout(timer);
  }
}
