import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { isThenable } from "../core/wait.ts";
import { msgpack } from "../protocol/codec.ts";
import { checkBySchema } from "../plugin/schema.ts";
import { encodeBody } from "../rpc/body.ts";
import type { Body } from "../rpc/message.ts";
import type { TaskContext } from "./context.ts";
import { LazyAbort } from "../core/lazy-abort.ts";
import { failureRecord, refusalRecord, type TaskEvents, type TaskJob } from "./outcome.ts";
import type { SlavePlugin } from "./plugin.ts";
import { isTaskFail, TaskRefuse } from "./refusals.ts";

/** Where tasks run and what their context says. */
export interface RunnerOptions {
  plugin: SlavePlugin;
  channel: number;
  workerId: string;
  log: Logger;
}

/** Runs a plugin's tasks in this process: checks, runs, and turns every end into one event. */
export class TaskRunner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Begins the task; returns what aborts its signal. */
  run(job: TaskJob, events: TaskEvents): (reason: DingError) => void {
    const abort = new LazyAbort();
    void this.#run(job, events, abort);
    return (reason) => abort.abort(reason);
  }

  async #run(job: TaskJob, events: TaskEvents, abort: LazyAbort): Promise<void> {
    const { plugin, log } = this.#options;
    let task: unknown;
    try {
      task = job.data ? msgpack.decode(job.data) : undefined;
      if (plugin.schema) task = await this.#check(task);
      if (plugin.beforeTask) await plugin.beforeTask(task);
    } catch (thrown) {
      return events.refused(refusalRecord(thrown));
    }
    // Cancelled or late while it was being looked at: it must not begin.
    if (abort.aborted) return events.failed(DingError.from(abort.reason).toJSON());
    events.accepted();
    let result: Body;
    try {
      const returned = plugin.processTask(task, this.#context(job, events, abort));
      result = encodeResult(isThenable(returned) ? await returned : returned);
    } catch (thrown) {
      const record = failureRecord(thrown);
      // A TaskFail is a result, not a mistake of the code; and who was told to end may throw.
      if (!isTaskFail(thrown) && !abort.aborted) {
        const stack = thrown instanceof Error ? thrown.stack : undefined;
        log.warn(`task ${job.id} failed: ${record.message}`, { stack });
      }
      return events.failed(record);
    }
    events.completed(result);
  }

  async #check(task: unknown): Promise<unknown> {
    const { schema } = this.#options.plugin;
    if (!schema) return task;
    const checked = await checkBySchema(schema, task);
    if ("value" in checked) return checked.value;
    const [first] = checked.faults;
    const place = first?.path ? `${first.path}: ` : "";
    throw new TaskRefuse(
      { faults: checked.faults },
      `Cannot accept task: ${place}${first?.message ?? "it does not fit the schema"}`,
    );
  }

  #context(job: TaskJob, events: TaskEvents, abort: LazyAbort): TaskContext {
    const { channel, workerId, log } = this.#options;
    return {
      get signal() {
        return abort.signal;
      },
      log,
      progress: (value) => events.progress(encodeBody(value, PROGRESS)),
      taskId: job.id,
      attempt: job.attempt,
      channel,
      workerId,
    };
  }
}

const RESULT = { what: "result", code: "task.invalid-result" } as const;
const PROGRESS = { what: "progress", code: "task.invalid-result" } as const;

function encodeResult(value: unknown): Body {
  return value === undefined ? undefined : encodeBody(value, RESULT);
}
