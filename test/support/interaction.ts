import { readFileSync } from "node:fs";
import type { Logger } from "../../src/core/log.ts";
import type { SlaveConnection } from "../../src/master/connection.ts";
import { Master, type MasterOptions } from "../../src/master/master.ts";
import type { Task } from "../../src/master/task.ts";
import type { TaskContext } from "../../src/slave/context.ts";
import type { SlavePlugin } from "../../src/slave/plugin.ts";
import { Slave } from "../../src/slave/slave.ts";
import type { SlaveOptions } from "../../src/slave/slave-options.ts";
import type { SlaveStatus } from "../../src/slave/status.ts";

/** A line that was logged. */
export interface LogLine {
  level: string;
  message: string;
  fields: Record<string, unknown>;
}

/** A logger that keeps what it is told. */
export function recordLog(): Logger & { lines: LogLine[]; text(): string } {
  const lines: LogLine[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Record<string, unknown> = {}): void =>
      void lines.push({ level, message, fields });
  return {
    lines,
    text: () => lines.map(({ level, message }) => `${level} ${message}`).join("\n"),
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}

type TaskCode = SlavePlugin["processTask"];

/** A slave in this process, on a free port, that does what the plugin says; it has started. */
export async function startSlave(
  plugin: SlavePlugin | TaskCode,
  options: SlaveOptions = {},
): Promise<Slave> {
  return newSlave(plugin, options).start();
}

/** As `startSlave`, not started. */
export function newSlave(plugin: SlavePlugin | TaskCode, options: SlaveOptions = {}): Slave {
  const given = typeof plugin === "function" ? { processTask: plugin } : plugin;
  const hooks: Partial<SlavePlugin> = { ...given };
  delete hooks.processTask;
  class TestSlave extends Slave {
    override processTask(task: unknown, ctx: TaskContext): unknown {
      return given.processTask(task, ctx);
    }
  }
  return Object.assign(new TestSlave({ port: 0, drainTimeoutMs: 5_000, ...options }), hooks);
}

/** A master that has started. */
export async function startMaster(options: MasterOptions = {}): Promise<Master> {
  return new Master(options).start();
}

/** Connects a master to what listens at a port of this machine. */
export async function connect(
  master: Master,
  { port }: { port: number },
  name = "s",
): Promise<SlaveConnection> {
  const connection = master.newConnection(name, "127.0.0.1", port);
  await connection.connect();
  return connection;
}

/** A master, a slave of this process, and their connection; all end with the block. */
export interface Pair extends AsyncDisposable {
  slave: Slave;
  master: Master;
  connection: SlaveConnection;
}

/** Starts a slave and a master and connects them. */
export async function startPair(
  plugin: SlavePlugin | TaskCode,
  {
    slave: slaveOptions,
    master: masterOptions,
  }: { slave?: SlaveOptions; master?: MasterOptions } = {},
): Promise<Pair> {
  await using stack = new AsyncDisposableStack();
  const slave = stack.use(await startSlave(plugin, slaveOptions));
  const master = stack.use(await startMaster(masterOptions));
  const connection = await connect(master, slave);
  const kept = stack.move();
  return { slave, master, connection, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** How a task ended, in the form that tests compare. */
export function endOf({ status, result, error }: Task): unknown[] {
  return error ? [status, result, error.message] : [status, result];
}

/** What a promise rejects with; fails when it resolves. */
export async function thrownBy(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (thrown) {
    return thrown as Error;
  }
  throw new Error("Expected a rejection, but it resolved");
}

/** A promise that the test settles by hand, and that counts who waits for it. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();
  waiting = 0;

  /** Waits until somebody opens; rejects when the signal aborts first. */
  pass(signal?: AbortSignal): Promise<void> {
    this.waiting += 1;
    return new Promise((resolve, reject) => {
      void this.#opened.promise.then(resolve);
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  }

  open(): void {
    this.#opened.resolve();
  }
}

/** What a slave of another process says at `GET /status`. */
export async function askStatus({ url }: { url: string }): Promise<SlaveStatus> {
  const response = await fetch(`${url}/status`);
  return (await response.json()) as SlaveStatus;
}

/** Does this process run? One that has ended and waits for an idle init does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return false;
  }
}
