import { spawn, type ChildProcess as NodeChild } from "node:child_process";
import { closeSync } from "node:fs";
import { deno } from "./deno.ts";
import { openPipe, type Pipe, type PipeEvents } from "./pipe.ts";

/** How a process ended. */
export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it could not be started; code and signal are null then. */
  error?: Error | undefined;
}

/** A process that this one has started, and speaks with. */
export interface ChildProcess {
  /** 0 when it could not be started. */
  readonly pid: number;
  readonly channel: Channel;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when it has ended; what it has said or printed may not have been read then. */
  readonly exited: Promise<ProcessExit>;
  /** Resolves when it has ended and what it printed has been given out; what a child of its own prints later still is. */
  readonly closed: Promise<ProcessExit>;
}

/** How parent and child speak: by a stream of bytes, or by messages where the runtime has no such stream. */
export type Channel =
  | { kind: "pipe"; open: (events: PipeEvents) => Pipe }
  | { kind: "ipc"; port: IpcPort };

/** Either end of node's ipc: a child process, or `process` inside it. */
export type IpcPort = Pick<NodeChild, "connected"> & {
  send?: ((message: unknown, callback?: (error: Error | null) => void) => boolean) | undefined;
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
  disconnect?: (() => void) | undefined;
};

/** What a child is started with. */
export interface ChildOptions {
  env: Record<string, string | undefined>;
  /** Hears what the child prints, line by line; without it that goes to our own stdout or stderr. */
  output?: OutputLine | undefined;
  /** Where its stdout goes without `output`; default stderr. */
  stdout?: "stdout" | "stderr" | undefined;
}

/** Takes what a child prints, line by line. */
export type OutputLine = (line: string) => void;

/** Bun gives a child one end of a pair of sockets; a trip through its ipc takes half as long again. */
const HAS_PIPES = !deno && process.platform !== "win32";

/** The file descriptor at which a child finds its end, and the variable that tells whose child it is. */
const FD = 3;
const VARIABLE = "DING_PARENT_PID";

/** Starts a program of this runtime, which speaks with this process through its `parentChannel()`. */
export function startChild(
  command: readonly [string, ...string[]],
  options: ChildOptions,
): ChildProcess {
  return HAS_PIPES ? startWithPipe(command, options) : startWithIpc(command, options);
}

/** In a child that `startChild` started: the way to its parent; undefined in any other process. */
export function parentChannel(): Channel | undefined {
  if (!HAS_PIPES) return process.send && { kind: "ipc", port: process as unknown as IpcPort };
  // What a child starts itself has the variable, too, and another parent.
  if (process.env[VARIABLE] !== String(process.ppid)) return undefined;
  return { kind: "pipe", open: (events) => openPipe(FD, events) };
}

function startWithPipe(
  command: readonly [string, ...string[]],
  { env, output, stdout }: ChildOptions,
): ChildProcess {
  const printed = output ? "pipe" : stdout === "stdout" ? 1 : 2;
  let child: Bun.Subprocess;
  try {
    child = Bun.spawn([...command], {
      stdio: ["ignore", printed, output ? "pipe" : 2, "socket-fd"],
      env: { ...env, [VARIABLE]: String(process.pid) },
    });
  } catch (thrown) {
    return notStarted(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }
  const fd = child.stdio[FD] as number;
  let isOpen = false;
  const exited = child.exited.then((code): ProcessExit => {
    if (!isOpen) closeSync(fd);
    // Its types allow for signals without a name.
    const signal = child.signalCode as NodeJS.Signals | null;
    return { code: signal ? null : code, signal };
  });
  const streams = [child.stdout, child.stderr].filter((stream) => stream instanceof ReadableStream);
  return {
    pid: child.pid,
    channel: {
      kind: "pipe",
      open(events) {
        isOpen = true;
        return openPipe(fd, events);
      },
    },
    kill: (signal) => child.kill(signal),
    exited,
    closed: lastWords(exited, allRead(streams, output)),
  };
}

function startWithIpc(
  [command, ...args]: readonly [string, ...string[]],
  { env, output, stdout }: ChildOptions,
): ChildProcess {
  const printed = output ? "pipe" : stdout === "stdout" ? 1 : 2;
  const child = spawn(command, args, {
    stdio: ["ignore", printed, output ? "pipe" : 2, "ipc"],
    serialization: "advanced",
    env,
  });
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
  });
  endWithThisProcess(child);
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  return {
    pid: child.pid ?? 0,
    channel: { kind: "ipc", port: child as IpcPort },
    kill: (signal) => child.kill(signal),
    exited,
    closed: lastWords(exited, allRead(streams, output)),
  };
}

/** What stands for a process that the system would not start. */
function notStarted(error: Error): ChildProcess {
  const exited = Promise.resolve<ProcessExit>({ code: null, signal: null, error });
  const open = (events: PipeEvents): Pipe => {
    queueMicrotask(() => events.closed());
    return { write: () => 0, end() {} };
  };
  return { pid: 0, channel: { kind: "pipe", open }, kill() {}, exited, closed: exited };
}

/** A longer line is cut: a child may print without ever ending a line. */
const LONGEST_LINE = 64 * 1024;

/** What it printed before it ended is read by then; what it has started may keep its stdout open for ever. */
const LAST_WORDS_MS = 500;
/** Between two of them what has come is read, also where this process has stood still meanwhile. */
const LAST_WORDS_STEPS = 10;

async function lastWords(exited: Promise<ProcessExit>, read: Promise<void>): Promise<ProcessExit> {
  const exit = await exited;
  let isRead = false;
  const over = read.then(() => void (isRead = true));
  for (let step = 0; step < LAST_WORDS_STEPS && !isRead; step++) {
    const { promise: waited, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LAST_WORDS_MS / LAST_WORDS_STEPS);
    await Promise.race([over, waited]);
    clearTimeout(timer);
  }
  return exit;
}

async function allRead(
  streams: readonly AsyncIterable<Uint8Array>[],
  output: OutputLine | undefined,
): Promise<void> {
  if (output) await Promise.all(streams.map((stream) => readLines(stream, output)));
}

async function readLines(stream: AsyncIterable<Uint8Array>, output: OutputLine): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = `${rest}${decoder.decode(bytes, { stream: true })}`.split("\n");
    rest = lines.pop() ?? "";
    while (rest.length > LONGEST_LINE) {
      lines.push(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
    for (const line of lines) output(line);
  }
  if (rest !== "") output(rest);
}

/** Children that must not outlive this process, and have no other way to know that it is gone. */
const children = new Set<NodeChild>();

function endWithThisProcess(child: NodeChild): void {
  if (children.size === 0) process.once("exit", killChildren);
  children.add(child);
  child.once("exit", () => {
    children.delete(child);
    if (children.size === 0) process.off("exit", killChildren);
  });
}

function killChildren(): void {
  for (const child of children) child.kill("SIGKILL");
}
