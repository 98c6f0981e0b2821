import { spawn, type ChildProcess } from "node:child_process";
import { ROOT, commandOf, type Runtime } from "./runtimes.ts";
import { livingMembers, signalGroup } from "./process-group.ts";
import { until } from "./until.ts";

export { RUNTIMES, ROOT, binaryPath, type Runtime } from "./runtimes.ts";

export interface RunOptions {
  /** Default "bun": needs no build. */
  runtime?: Runtime;
  /** Added to this process's variables, less its own DING_*; `undefined` takes one away. */
  env?: Record<string, string | undefined>;
  /** Run with nothing but `env`, as `env -i` does. */
  bareEnv?: boolean;
  cwd?: string;
  /** Written to stdin, which then ends. */
  input?: string | Uint8Array;
  /** After that all is killed and the call rejects; default 60,000. */
  timeoutMs?: number;
  /** How long its children may outlive it; default 10,000. */
  orphanGraceMs?: number;
  /** A command that runs ours, such as `["ip", "netns", "exec", "x1"]`. */
  prefix?: string[];
  /** A copy of the binary to run in place of the runtime's program. */
  program?: string;
}

export interface RunResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** What the program says when it is ready to serve. */
export interface ReadyLine {
  line: string;
  /** "127.0.0.1:7236" */
  address: string;
  port: number;
  url: string;
  /** All of the line's fields, with `--json`. */
  facts: Record<string, unknown>;
}

const INSIST_MS = 50;
const DEFAULT_TIMEOUT_MS = 60_000;
const ORPHAN_GRACE_MS = 10_000;
const OUTPUT_GRACE_MS = 1_000;
const orphans: string[] = [];

/** Runs ding to its end, as a user does; rejects only if it does not end in time. */
export async function ding(args: string[], options: RunOptions = {}): Promise<RunResult> {
  await using running = spawnDing(args, options);
  return await running.waitForExit(options.timeoutMs);
}

/** Starts ding and gives it while it runs; at the end of an `await using` block its whole process group is gone. */
export function spawnDing(args: string[], options: RunOptions = {}): RunningDing {
  return new RunningDing(args, options);
}

/** Programs that left children behind since the last call; the guard fails their test. */
export function takeOrphans(): string[] {
  return orphans.splice(0);
}

/** A ding that runs. */
export class RunningDing implements AsyncDisposable {
  readonly pid: number;
  /** Resolves when it has ended and its output is complete. */
  readonly exited: Promise<RunResult>;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #isJson: boolean;
  readonly #orphanGraceMs: number;
  #stdout = "";
  #stderr = "";
  #hasExited = false;
  #isKilled = false;

  constructor(args: string[], options: RunOptions) {
    const own =
      options.program === undefined ? commandOf(options.runtime ?? "bun") : [options.program];
    const line = [...(options.prefix ?? []), ...own, ...args];
    const [command = "", ...rest] = line;
    this.#name = `ding ${args.join(" ")} (${options.runtime ?? "bun"})`;
    this.#isJson = args.includes("--json");
    this.#orphanGraceMs = options.orphanGraceMs ?? ORPHAN_GRACE_MS;
    this.#child = spawn(command, rest, {
      cwd: options.cwd ?? ROOT,
      env: environmentOf(options),
      detached: true, // its own process group, so that all of it can be ended
      stdio: "pipe",
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.#stdout += text));
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    this.#child.stdin?.on("error", () => {}); // it may end before it has read its input
    if (options.input !== undefined) this.#child.stdin?.end(options.input);
    this.exited = this.#waitForEnd();
    this.exited.catch(() => {});
    this.pid = this.#child.pid ?? 0;
  }

  /** What it has printed so far. */
  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  /** Waits for the line that names the address: on stdout with `--json`, else on stderr. */
  async ready(timeoutMs = 45_000): Promise<ReadyLine> {
    const find = (): ReadyLine | undefined =>
      findReady(this.#isJson ? this.#stdout : this.#stderr, this.#isJson);
    await until(() => this.#hasExited || find(), {
      timeoutMs,
      what: () => `the ready line of ${this.#name}; stderr so far: ${this.#stderr}`,
    });
    const ready = find();
    if (ready) return ready;
    const { code, signal, stderr } = await this.exited;
    throw new Error(`${this.#name} ended with ${code ?? signal} and was never ready: ${stderr}`);
  }

  /** Writes to its stdin, and ends that if told so. */
  write(text: string, { end = false } = {}): void {
    this.#child.stdin?.write(text);
    if (end) this.#child.stdin?.end();
  }

  /** Sends a signal to the program alone, not to its children. */
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#child.kill(signal);
  }

  /** Asks it to stop, as a terminal or an init system does, and waits for the end. */
  async stop(signal: NodeJS.Signals = "SIGTERM", timeoutMs?: number): Promise<RunResult> {
    if (!this.#hasExited) this.kill(signal);
    return await this.waitForExit(timeoutMs);
  }

  /** Asks one that stops already to leave at once, again and again: two signals that come together are one. */
  async insist(signal: NodeJS.Signals, timeoutMs?: number): Promise<RunResult> {
    const again = setInterval(() => this.kill(signal), INSIST_MS);
    return await this.waitForExit(timeoutMs).finally(() => clearInterval(again));
  }

  /** Waits for the end; past the deadline kills everything and rejects with what was printed. */
  async waitForExit(timeoutMs = DEFAULT_TIMEOUT_MS): Promise<RunResult> {
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), timeoutMs);
    const result = await Promise.race([this.exited, late.promise]).finally(() =>
      clearTimeout(timer),
    );
    if (result !== "late") return result;
    this.#killGroup();
    const shown = `stdout: ${this.#stdout}\nstderr: ${this.#stderr}`;
    throw new Error(`${this.#name} did not end within ${timeoutMs} ms\n${shown}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasExited && !this.#isKilled) await this.#noteOrphans();
    this.#killGroup();
    await this.exited.catch(() => {});
  }

  #waitForEnd(): Promise<RunResult> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
        clearTimeout(timer);
        resolve({ code, signal, stdout: this.#stdout, stderr: this.#stderr });
      };
      this.#child.once("error", reject);
      this.#child.once("close", finish);
      this.#child.once("exit", (code, signal) => {
        this.#hasExited = true;
        // A child that it left behind may hold its output open.
        timer = setTimeout(() => finish(code, signal), OUTPUT_GRACE_MS);
      });
    });
  }

  /** It ended by itself: its children must end too, soon. */
  async #noteOrphans(): Promise<void> {
    const deadline = performance.now() + this.#orphanGraceMs;
    let left = livingMembers(this.pid);
    while (left.length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      left = livingMembers(this.pid);
    }
    if (left.length > 0)
      orphans.push(`processes ${left.join(", ")}, which ${this.#name} left behind`);
  }

  #killGroup(): void {
    this.#isKilled = true;
    signalGroup(this.pid, "SIGKILL");
  }
}

function environmentOf({ env, bareEnv = false }: RunOptions): Record<string, string> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("DING_"));
  const base = bareEnv ? {} : { ...Object.fromEntries(inherited), NO_COLOR: "1" };
  return Object.fromEntries(
    Object.entries({ ...base, ...env }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  );
}

function findReady(output: string, isJson: boolean): ReadyLine | undefined {
  for (const line of output.split("\n").slice(0, -1)) {
    const facts = isJson
      ? factsOf(line)
      : /^\S+ ready on (?<address>\S+).* url=(?<url>\S+)/.exec(line)?.groups;
    if (!facts || (isJson && facts["ready"] !== true)) continue;
    const address = String(facts["address"]);
    const port = Number(address.slice(address.lastIndexOf(":") + 1));
    return { line, address, port, url: String(facts["url"]), facts };
  }
  return undefined;
}

function factsOf(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
