import { DingError } from "../../core/errors.ts";
import type { TaskContext } from "../../slave/context.ts";
import type { SlavePlugin } from "../../slave/plugin.ts";
import { TaskFail } from "../../slave/refusals.ts";
import { WorkerAttempt } from "./worker-attempt.ts";
import type { Resources } from "./definitions.ts";
import { startParts, type WorkerParts } from "./worker-parts.ts";
import {
  type ResourceAnswer,
  type StartAnswer,
  VERBS,
  type VerbData,
  type WorkerRole,
} from "./worker-verbs.ts";

/** One try of a task with all that belongs to it. */
export interface Job {
  readonly attempt: WorkerAttempt;
  /** What is told while it runs, and at the end of the verb that lasts as long as the code. */
  info: (isDone: boolean) => unknown;
  /** What the close is answered with. */
  finish: () => unknown;
}

/** What makes a worker of a role. */
export interface WorkerKind {
  role: WorkerRole;
  resources: Resources | undefined;
  /** Makes a job of what the start brought; its code begins when it is watched. */
  begin: (attempt: WorkerAttempt, data: VerbData & StartData, parts: WorkerParts) => Job;
}

/** What a start must bring. */
export interface StartData {
  task_info: NonNullable<VerbData["task_info"]>;
  log: TaskContext["log"];
}

const NAMES: Record<"collector" | "learner", Record<string, Step>> = {
  collector: {
    [VERBS.COLLECTOR_START]: "start",
    [VERBS.COLLECTOR_DATA]: "watch",
    [VERBS.COLLECTOR_CLOSE]: "close",
  },
  learner: {
    [VERBS.LEARNER_START]: "start",
    [VERBS.LEARNER_LEARN]: "watch",
    [VERBS.LEARNER_CLOSE]: "close",
  },
};

type Step = "start" | "watch" | "close";

/** A slave's plugin that answers the verbs of a role, and runs the user's code between start and close. */
export function workerPlugin(kind: WorkerKind): SlavePlugin {
  const worker = new Worker(kind);
  return {
    processTask: (data: VerbData, context) => worker.answer(data, context),
    // Its coordinator is gone, or lets it go: what runs here runs somewhere else soon.
    lostConnection: () => worker.abandon("the coordinator is gone"),
    beforeDisconnection: () => worker.abandon("the coordinator has let this worker go"),
  };
}

class Worker {
  readonly #kind: WorkerKind;
  #job: (Job & { parts: WorkerParts }) | undefined;
  /** It was given up; its code may still run. */
  #before: WorkerAttempt | undefined;

  constructor(kind: WorkerKind) {
    this.#kind = kind;
  }

  async answer(data: VerbData, context: TaskContext): Promise<unknown> {
    const { role } = this.#kind;
    if (data?.name === VERBS.RESOURCE) return this.#resource();
    const step = NAMES[role === "learner" ? "learner" : "collector"][data?.name];
    if (step === undefined) throw new TaskFail({ message: `illegal ${role} task` });
    if (step === "start") return await this.#start(data, context);
    const job = this.#job;
    if (!job || job.attempt.taskId !== data.task_id || job.attempt.number !== data.attempt) {
      throw new TaskFail({ message: "no such task runs here" }, "No such task runs here");
    }
    if (step === "close") return await this.#close(job, data.drain_ms ?? 0);
    await job.attempt.watch(context.signal, () => context.progress(job.info(false)));
    return job.info(true);
  }

  abandon(why: string): void {
    const job = this.#job;
    this.#job = undefined;
    this.#before = job?.attempt ?? this.#before;
    job?.attempt.abort(new DingError("task.lost", `The task is given up: ${why}`));
    job?.parts.close();
  }

  #resource(): ResourceAnswer {
    const { role, resources = {} } = this.#kind;
    const { cpu = navigator.hardwareConcurrency, gpu = 0, labels = [] } = resources;
    return { role, pid: process.pid, cpu, gpu, labels };
  }

  async #start(data: VerbData, { log, signal }: TaskContext): Promise<StartAnswer> {
    const { task_info, link } = data;
    if (!task_info || !link) throw new TaskFail({ message: "a start brings task_info and link" });
    const { task_id, attempt: number } = task_info;
    const answer: StartAnswer = { link: true, pid: process.pid };
    const before = this.#job;
    if (before?.attempt.taskId === task_id && before.attempt.number === number) return answer;
    before?.parts.close();
    // Two would work beside each other. What does not come back ends with its process, when this start is taken back.
    await (before?.attempt ?? this.#before)?.displace();
    this.#before = undefined;
    const attempt = new WorkerAttempt(task_id, number, link.leaseMs);
    const parts = await startParts({ link, task: task_info.task, attempt, log, signal });
    // Told to stop while it dialled.
    if (signal.aborted) {
      parts.close();
      throw signal.reason;
    }
    const job = this.#kind.begin(attempt, { ...data, task_info, log }, parts);
    this.#job = { ...job, parts };
    return answer;
  }

  async #close(job: Job & { parts: WorkerParts }, drainMs: number): Promise<unknown> {
    await job.attempt.end(drainMs);
    await job.parts.delivered();
    const finish = job.finish();
    if (this.#job === job) this.#job = undefined;
    job.parts.close();
    return finish;
  }
}
