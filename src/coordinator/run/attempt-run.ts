import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type {
  CollectorFinish,
  CollectorInfo,
  CollectorOrder,
  LearnerOrder,
  LearnInfo,
} from "../commander/commander.ts";
import { SLAVE_CODES } from "../../protocol/interaction-codes.ts";
import { VERBS, type StartAnswer, type VerbData } from "../plugin/worker-verbs.ts";
import type { TaskRecord } from "../tasks/task-record.ts";
import type { Worker } from "../workers/worker.ts";
import { END_METHOD, type LinkPort, type LinkTarget } from "../worker-link/worker-link.ts";
import { askCollector, askLearner } from "./asked-flow.ts";
import { collectorFinish, collectorInfo, learnInfo } from "./words.ts";

/** What an attempt needs of the coordinator. */
export interface AttemptHome {
  readonly clock: Clock;
  /** For a verb to be answered. */
  readonly callTimeoutMs: number;
  /** What the worker is started with, beside its link. */
  startInfo: (task: TaskRecord) => NonNullable<VerbData["task_info"]>;
  /** A place for the worker's link: its target, and what ends it. */
  openLink: (run: AttemptRun) => Promise<{ target: LinkTarget; close: () => void }>;
  /** The worker has it, and has begun. */
  started: (run: AttemptRun) => void;
  /** It was heard of: its lease is longer. */
  touched: (run: AttemptRun) => void;
  /** The process that runs the code: another one, if the one before has died. */
  runsIn: (run: AttemptRun, pid: number) => void;
  /** Its end was asked for. */
  closing: (run: AttemptRun) => void;
  /** True: it is to come to its end. */
  collectorInfo: (run: AttemptRun, info: CollectorInfo) => boolean;
  learnerInfo: (run: AttemptRun, info: LearnInfo) => boolean;
  /** Of workers without a link. */
  sendData: (run: AttemptRun, data: Readonly<Record<string, unknown>>) => Promise<void>;
  getData: (
    run: AttemptRun,
    demand: { batchSize: number; iter: number },
    signal: AbortSignal,
  ) => Promise<readonly unknown[]>;
  /** The slave is to stop by itself. */
  leaving: (run: AttemptRun) => void;
}

/** What became of an attempt. */
export type Outcome =
  | { what: "collected"; result: CollectorFinish }
  | { what: "learned"; result: LearnInfo }
  | { what: "failed" | "lost" | "refused"; reason: string; wasKilled: boolean };

/** Beyond the time it has to drain: for the answer to come back. */
const LAST_MS = 5_000;

/** One try of one task on one worker: start, follow, close. */
export class AttemptRun {
  readonly task: TaskRecord;
  /** At the moment of the assignment. */
  readonly attempt: number;
  readonly worker: Worker;
  readonly #home: AttemptHome;
  readonly #ending = new AbortController();
  readonly #draining = new AbortController();
  #port: LinkPort | undefined;
  #timer: Disposable | undefined;
  /** Until when it may take to come to its end. */
  #endBy = 0;

  constructor(task: TaskRecord, worker: Worker, home: AttemptHome) {
    this.task = { ...task };
    this.attempt = task.attempt;
    this.worker = worker;
    this.#home = home;
  }

  /** Names the attempt. */
  get key(): string {
    return `${this.task.id}#${this.attempt}`;
  }

  get order(): CollectorOrder | LearnerOrder {
    return this.task.payload as CollectorOrder | LearnerOrder;
  }

  /** Aborts when the attempt must end at once. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Aborts when it is to end soon. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** The worker's code has dialled. */
  dialled(port: LinkPort): void {
    this.#port = port;
    if (this.#draining.signal.aborted) this.#tellEnd();
  }

  /** Asks the worker to come to an end within so long; then it is ended. Twice is once. */
  end(drainMs: number): void {
    if (this.#draining.signal.aborted) return;
    this.#draining.abort(new DingError("task.cancelled", "The task is to end"));
    this.#endBy = this.#home.clock.now() + drainMs;
    const late = new DingError("task.timed-out", `it did not end in ${drainMs} ms`);
    this.#timer = this.#home.clock.after(drainMs + LAST_MS, () => this.abort(late));
    this.#tellEnd();
  }

  /** Ends the attempt now: what it does is lost. */
  abort(reason: DingError): void {
    this.#draining.abort(reason);
    this.#ending.abort(reason);
  }

  /** Resolves with what became of it; never rejects. */
  async run(): Promise<Outcome> {
    let close: (() => void) | undefined;
    try {
      const link = await this.#home.openLink(this);
      close = link.close;
      return await this.#run(link.target);
    } catch (thrown) {
      const error = DingError.from(this.signal.aborted ? this.signal.reason : thrown);
      return { what: whatOf(error), reason: error.message, wasKilled: KILLED.has(error.code) };
    } finally {
      this.#timer?.[Symbol.dispose]();
      close?.();
    }
  }

  /** One verb, bounded. */
  async call(name: string, more: Partial<VerbData> = {}): Promise<unknown> {
    const { callTimeoutMs } = this.#home;
    const answer = await this.worker.call(this.#verb(name, more), {
      timeoutMs: callTimeoutMs,
      signal: this.signal,
      onLeaving: () => this.#home.leaving(this),
    });
    this.#home.touched(this);
    return answer;
  }

  async #run(link: LinkTarget): Promise<Outcome> {
    const { task, signal } = this;
    const isLearner = task.kind === "learner";
    const { callTimeoutMs } = this.#home;
    const start = isLearner ? VERBS.LEARNER_START : VERBS.COLLECTOR_START;
    const answer = (await this.worker.call(
      { name: start, task_info: this.#home.startInfo(task), link },
      { timeoutMs: callTimeoutMs, signal, onTaken: () => this.#home.started(this) },
    )) as StartAnswer | undefined;
    this.#home.touched(this);
    if (typeof answer?.pid === "number") this.#home.runsIn(this, answer.pid);
    const followed =
      answer?.link === true ? await this.#follow(isLearner) : await this.#ask(isLearner);
    this.#home.closing(this);
    const finish = await this.#close(isLearner, followed);
    return isLearner
      ? { what: "learned", result: learnInfo(finish) }
      : { what: "collected", result: collectorFinish(finish, task.kind === "evaluator") };
  }

  /** Code with a link: one verb lasts as long as it, and tells on the way. */
  async #follow(isLearner: boolean): Promise<unknown> {
    const name = isLearner ? VERBS.LEARNER_LEARN : VERBS.COLLECTOR_DATA;
    const { callTimeoutMs } = this.#home;
    return await this.worker.call(this.#verb(name, {}), {
      timeoutMs: callTimeoutMs,
      lasts: true,
      signal: this.signal,
      onLeaving: () => this.#home.leaving(this),
      onProgress: (value) => this.#onProgress(value, isLearner),
    });
  }

  #onProgress(value: unknown, isLearner: boolean): void {
    this.#home.touched(this);
    // Whether it is done it says in the end, with all that it has.
    if (isLearner) this.#home.learnerInfo(this, learnInfo(value));
    else this.#home.collectorInfo(this, collectorInfo(value));
  }

  /** Code without one, as the ancestor's: it is asked again and again. */
  async #ask(isLearner: boolean): Promise<undefined> {
    await (isLearner ? askLearner(this, this.#home) : askCollector(this, this.#home));
  }

  /** A slave that is to stop takes no verb any more, or is gone already: then the last thing that it said is the end. */
  async #close(isLearner: boolean, followed: unknown): Promise<unknown> {
    const name = isLearner ? VERBS.LEARNER_CLOSE : VERBS.COLLECTOR_CLOSE;
    try {
      return await this.call(name, { drain_ms: 0 });
    } catch (thrown) {
      if (followed === undefined) throw thrown;
      return followed;
    }
  }

  #verb(name: string, more: Partial<VerbData>): VerbData {
    return { name, task_id: this.task.id, attempt: this.attempt, ...more };
  }

  #tellEnd(): void {
    const drainMs = Math.max(0, Math.round(this.#endBy - this.#home.clock.now()));
    this.#port?.request(END_METHOD, { drainMs }).catch(() => {});
  }
}

/** A slave that is to stop takes no verb any more, and says so. */
function whatOf({ code, details }: DingError): "failed" | "lost" | "refused" {
  if (code === "peer.refused" && details["code"] === SLAVE_CODES.SYSTEM_SHUTTING_DOWN.code) {
    return "refused";
  }
  return LOST.has(code) ? "lost" : "failed";
}

/** Its process, or the way to it, has ended: that says nothing of the worker. */
const KILLED: ReadonlySet<string> = new Set([
  "task.lost",
  "worker.exited",
  "network.closed",
  "network.timeout",
  "network.refused",
  "service.stopping",
]);

/** The worker is gone; its code may have been good. */
const LOST: ReadonlySet<string> = new Set([...KILLED, "wait.timeout", "peer.refused"]);
