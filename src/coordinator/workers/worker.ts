import { DingError, messageOf } from "../../core/errors.ts";
import type { SlaveConnection } from "../../master/connection.ts";
import { TaskStatus } from "../../master/task-status.ts";
import type { Resources } from "../plugin/definitions.ts";
import {
  type ResourceAnswer,
  VERBS,
  type VerbData,
  WORKER_ROLES,
  type WorkerRole,
} from "../plugin/worker-verbs.ts";
import type { Candidate } from "../tasks/place.ts";

/** Where a worker is in its life. */
export type WorkerState = "joining" | "idle" | "busy" | "draining" | "gone";

/** How a worker came. */
export type WorkerOrigin = "configured" | "joined" | "added" | "operator" | "local";

/** How a verb is called. */
export interface VerbOptions {
  /** For the slave to take it, and without `lasts` also for the answer. */
  timeoutMs: number;
  /** The answer may take as long as it takes. */
  lasts?: boolean;
  signal?: AbortSignal | undefined;
  /** The worker has it. */
  onTaken?: (() => void) | undefined;
  onProgress?: ((value: unknown) => void) | undefined;
  /** The slave is to stop, and lets the verb run for a while. */
  onLeaving?: (() => void) | undefined;
}

/**
 * A slave that does tasks of the run.
 *
 *   joining ─ resource answered → idle ⇄ busy
 *      │                           └──┬──┘
 *      │                      drain() → draining ─ its task has ended, remove() → gone
 *      └───────────── connection ended, from anywhere → gone
 */
export class Worker implements Candidate {
  readonly id: string;
  readonly origin: WorkerOrigin;
  readonly connection: SlaveConnection;
  role: WorkerRole = "collector";
  resources: Resources = {};
  pid: number | undefined;
  state: WorkerState = "joining";
  idleSince = 0;
  /** The task that it has. */
  taskId: string | undefined;
  policyVersion = 0;
  /** It is let go of when its task has ended. */
  isLeaving = false;
  /** Attempts in a row that came to nothing on it, and whether any has come to something. */
  failures = 0;
  hasWorked = false;

  constructor(connection: SlaveConnection, origin: WorkerOrigin) {
    this.id = connection.name;
    this.connection = connection;
    this.origin = origin;
  }

  get isIdle(): boolean {
    return this.state === "idle";
  }

  /** What it was given came to something. */
  worked(): void {
    this.failures = 0;
    this.hasWorked = true;
  }

  /** Asks what it is; throws when it is not what it was given for. */
  async introduce(role: WorkerRole | undefined, timeoutMs: number): Promise<void> {
    const facts = this.connection.slave;
    if (facts && facts.concurrency !== 1) {
      throw new DingError(
        "peer.refused",
        `Cannot use slave "${this.id}": it runs ${facts.concurrency} tasks at a time`,
        {
          hint: "Start it with --concurrency 1; start more slaves instead.",
        },
      );
    }
    const answer = ((await this.call({ name: VERBS.RESOURCE }, { timeoutMs })) ??
      {}) as ResourceAnswer;
    const told = WORKER_ROLES.find((one) => one === answer.role);
    if (role !== undefined && told !== undefined && role !== told) {
      throw new DingError(
        "peer.refused",
        `Cannot use slave "${this.id}" as ${role}: it is a ${told}`,
      );
    }
    this.role = role ?? told ?? WORKER_ROLES.find((one) => this.id.startsWith(one)) ?? "collector";
    this.pid = answer.pid ?? facts?.pid;
    this.resources = { cpu: answer.cpu ?? 0, gpu: answer.gpu ?? 0, labels: answer.labels ?? [] };
  }

  /** Gives the slave one verb; rejects with what came in between, and takes the verb back then. */
  async call(data: VerbData, options: VerbOptions): Promise<unknown> {
    const { timeoutMs, lasts = false, signal, onTaken, onProgress, onLeaving } = options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(lateError(this.id, data.name, timeoutMs)), timeoutMs);
    const until = AbortSignal.any([late.signal, ...(signal ? [signal] : [])]);
    const task = this.connection.newTask(data);
    if (onProgress) task.onProgress(onProgress);
    if (onLeaving) task.onLeaving(onLeaving);
    try {
      await task.start({ signal: until });
      onTaken?.();
      if (lasts) clearTimeout(timer);
      await task.join({ signal: until });
    } catch (thrown) {
      if (until.aborted && !task.isEnded) void task.cancel();
      throw thrown;
    } finally {
      clearTimeout(timer);
    }
    if (task.status === TaskStatus.COMPLETED) return task.result;
    throw endError(this.id, data.name, task);
  }
}

function lateError(id: string, verb: string, timeoutMs: number): DingError {
  return new DingError("wait.timeout", `Worker "${id}" did not answer ${verb} in ${timeoutMs} ms`);
}

/** Its slave is gone, its process died, or its code failed: the code of the error tells. */
function endError(
  id: string,
  verb: string,
  { status, error, result }: { status: string; error: Error | undefined; result: unknown },
): DingError {
  const cause = error instanceof DingError ? error : undefined;
  const code = status === TaskStatus.LOST ? "task.lost" : (cause?.code ?? "task.failed");
  const told = (result as { message?: unknown } | null | undefined)?.message;
  const why = typeof told === "string" ? told : messageOf(error ?? status);
  return new DingError(code, `Worker "${id}" failed in ${verb}: ${why}`, { cause: error });
}
