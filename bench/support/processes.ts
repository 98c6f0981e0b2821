import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const READY_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 5_000;

/** A process that has said its first line. */
export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Its first line on stdout. */
  readonly line: string;
}

/** All processes of a measure; disposing of it leaves none behind. */
export class Processes implements AsyncDisposable {
  readonly #children = new Set<ChildProcess>();

  constructor() {
    process.on("exit", this.#kill);
  }

  /** Starts a program and waits for its first line on stdout. */
  async start(program: string, args: readonly string[]): Promise<Started> {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => (complaint = (complaint + chunk).slice(-2_000)));
    const failed = once(child, "exit").then(([code, signal]) => {
      throw new Error(`${[program, ...args].join(" ")} ended (${code ?? signal})\n${complaint}`);
    });
    failed.catch(() => {}); // it may end later, when nobody waits for its line any more
    const line = once(createInterface({ input: child.stdout }), "line", {
      signal: AbortSignal.timeout(READY_DEADLINE_MS),
    }) as Promise<[string]>;
    line.catch(() => {});
    const [first] = await Promise.race([line, failed]);
    return { child, pid: child.pid!, line: first };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exits = [...this.#children].map((child) => once(child, "exit"));
    for (const child of this.#children) child.kill("SIGTERM");
    const late = setTimeout(this.#kill, STOP_DEADLINE_MS);
    await Promise.all(exits);
    clearTimeout(late);
    process.off("exit", this.#kill);
  }

  readonly #kill = (): void => {
    for (const child of this.#children) child.kill("SIGKILL");
  };
}

/** The processes that this one has started; none where the system does not tell. */
export function childrenOf(pid: number): number[] {
  const text = proc(`${pid}/task/${pid}/children`);
  return (text ?? "").split(" ").filter(Boolean).map(Number);
}

/** A process and all that it has started, and they, and so on. */
export function familyOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

const TICK_MS = 10;
const USER_TICKS = 11;

/** How long these processes have kept cores busy, in steps of 10 ms; undefined where the system does not tell. */
export function cpuMs(pids: readonly number[]): number | undefined {
  let ticks = 0;
  for (const pid of pids) {
    const stat = proc(`${pid}/stat`);
    if (stat === undefined) return undefined;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    ticks += Number(fields[USER_TICKS]) + Number(fields[USER_TICKS + 1]);
  }
  return ticks * TICK_MS;
}

/**
 * The same to the nanosecond, of the threads that live: for those who do little in a long while, of which steps of 10 ms
 * would tell a multiple. Undefined where the system does not tell.
 */
export function exactCpuMs(pids: readonly number[]): number | undefined {
  let nanoseconds = 0;
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      const stat = proc(`${pid}/task/${thread}/schedstat`);
      // It ended just now.
      if (stat !== undefined) nanoseconds += Number(stat.split(" ")[0]);
    }
  }
  return nanoseconds === 0 ? undefined : nanoseconds / 1e6;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Resident memory of a process, shared pages included; undefined where the system does not tell. */
export function residentMebibytes(pid: number): number | undefined {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(proc(`${pid}/status`) ?? "")?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) / 1024;
}

function proc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    return undefined;
  }
}
