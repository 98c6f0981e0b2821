import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { LogHistogram } from "../../telemetry/log-histogram.ts";
import type { CollectorInfo, CollectorOrder, LearnerOrder } from "../commander/commander.ts";
import type { Resources } from "../plugin/definitions.ts";
import { place } from "../tasks/place.ts";
import type { TaskBoard } from "../tasks/task-board.ts";
import type { TaskKind, TaskRecord } from "../tasks/task-record.ts";
import type { Roster } from "../workers/roster.ts";
import type { Worker } from "../workers/worker.ts";
import { type AttemptHome, AttemptRun, type Outcome } from "./attempt-run.ts";
import type { Run } from "./run.ts";
import type { Tally } from "./tally.ts";

/** What a dispatcher stands on. */
export interface DispatcherOptions {
  run: Run;
  board: TaskBoard;
  roster: Roster;
  tally: Tally;
  clock: Clock;
  log: Logger;
  /** What workers of a kind must have, beside what a task asks for. */
  needs: Readonly<Record<TaskKind, Resources>>;
  /** Tasks are made, and not given out yet: more workers are to come. */
  isHeld: () => boolean;
  /** Evaluations have workers of their own, even if none is there now. */
  hasEvaluators: boolean;
  /** How long a worker that is let go may take for its episode. */
  drainMs: number;
  /** A worker on which so many attempts in a row fail is let go of, where others do better. */
  mostFailures: number;
  /** What attempts need of the coordinator, beside what is done here. */
  home: Omit<AttemptHome, "started" | "touched" | "runsIn" | "closing" | "leaving">;
}

/**
 * Gives tasks to workers. It looks when something has happened (`look()`), once in a turn, and when something becomes
 * due by itself: a lease, a pause, a task that waited too long, an evaluation. It never polls.
 */
export class Dispatcher implements Disposable {
  readonly #options: DispatcherOptions;
  readonly #runs = new Map<string, AttemptRun>();
  readonly #home: AttemptHome;
  /** From when a task could have been given to a free worker until that had it, in milliseconds. */
  readonly assignMs = new LogHistogram();
  #timer: Disposable | undefined;
  #isPlanned = false;
  #isStopped = false;
  #idle: (() => void)[] = [];

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { board, clock, roster } = options;
    this.#home = {
      ...options.home,
      started: (run) => {
        const { id, queuedAt, notBefore } = run.task;
        if (!board.start(id, run.attempt, clock.now())) return;
        const free = Math.max(queuedAt, notBefore, run.worker.idleSince);
        this.assignMs.record(clock.now() - free);
      },
      touched: (run) => void board.touch(run.task.id, run.attempt, clock.now()),
      runsIn: ({ worker }, pid) => {
        worker.pid = pid;
        options.tally.joined(worker.id, worker);
      },
      closing: (run) => void (this.#isCurrent(run) && board.close(run.task.id, clock.now())),
      leaving: (run) => roster.leaving(run.worker),
      collectorInfo: (run, info) => {
        this.#count(run, info);
        if (info.envSteps > 0 || info.episodes > 0) run.worker.worked();
        const isEnd = options.home.collectorInfo(run, info);
        if (isEnd) this.finish(run.task.id);
        this.look();
        return isEnd;
      },
      learnerInfo: (run, info) => {
        if (info.learnerStep > 0) run.worker.worked();
        run.worker.policyVersion = Math.max(run.worker.policyVersion, info.policyVersion);
        const isEnd = options.home.learnerInfo(run, info);
        if (isEnd) this.finish(run.task.id);
        this.look();
        return isEnd;
      },
    };
  }

  /** Attempts under way. */
  get runs(): readonly AttemptRun[] {
    return [...this.#runs.values()];
  }

  /** Something has happened. */
  readonly look = (): void => {
    if (this.#isPlanned || this.#isStopped) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      if (!this.#isStopped) this.#turn();
    });
  };

  /** Its task is to end soon: it is given to nobody else. */
  finish(taskId: string): void {
    const { board, clock, drainMs } = this.#options;
    const run = this.#runs.get(taskId);
    if (!run) return;
    board.drain(taskId, clock.now(), drainMs);
    run.end(drainMs);
  }

  /** The worker takes no more tasks: the one that it has ends soon, and goes on with another. */
  onDraining(worker: Worker): void {
    if (worker.taskId !== undefined) this.finish(worker.taskId);
  }

  /** The worker is gone, with what it did. */
  onGone(worker: Worker): void {
    if (worker.taskId === undefined) return;
    const reason = `worker ${worker.id} is gone`;
    this.#runs.get(worker.taskId)?.abort(new DingError("task.lost", reason));
  }

  /** Gives out no more tasks, and lets those under way end within so long. */
  async stop(drainMs: number): Promise<void> {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    for (const run of this.#runs.values()) run.end(drainMs);
    if (this.#runs.size > 0) await new Promise<void>((resolve) => void this.#idle.push(resolve));
  }

  /** Whatever still runs ends now. */
  abort(reason: DingError): void {
    for (const run of this.#runs.values()) run.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    this.abort(new DingError("service.stopping", "The coordinator has ended"));
  }

  #turn(): void {
    const { run, board, clock, isHeld, log } = this.#options;
    const now = clock.now();
    for (const task of board.expired(now)) {
      const reason = new DingError("task.lost", `the code on ${task.workerId} was silent too long`);
      this.#runs.get(task.id)?.abort(reason);
      run.attemptFailed(task, { reason: reason.message, state: "lost" });
    }
    for (const task of board.overdue(now)) {
      log.warn(`${task.kind} task ${task.id} is given up: no worker took it in time`);
      run.overdue(task);
    }
    run.produce();
    // Asked again: what was made just now is later than when this turn began.
    const givenAt = clock.now();
    if (!run.isOver && !isHeld()) for (const task of board.waiting(givenAt)) this.#give(task);
    this.#sleep(givenAt);
  }

  /** Sets the timer to when something becomes due that was not yet when it was looked at. */
  #sleep(now: number): void {
    const { run, board, clock } = this.#options;
    const next = Math.min(board.nextAt(now) ?? Infinity, run.wakeAt() ?? Infinity);
    this.#timer?.[Symbol.dispose]();
    this.#timer = next === Infinity ? undefined : clock.after(Math.max(0, next - now), this.look);
  }

  #give(task: TaskRecord): void {
    const { board, roster, clock, needs, tally, hasEvaluators } = this.#options;
    const { workers } = roster;
    const order = task.payload as CollectorOrder | LearnerOrder;
    const wanted = { ...needs[task.kind], ...order.needs };
    const worker = place({ kind: task.kind, needs: wanted, hasEvaluators }, workers);
    if (!worker || !board.assign(task.id, worker.id, clock.now())) return;
    roster.occupy(worker, task.id);
    tally.counters.attempts += 1;
    const run = new AttemptRun(task, worker, this.#home);
    this.#runs.set(task.id, run);
    void run.run().then((outcome) => this.#ended(run, outcome));
  }

  #ended(run: AttemptRun, outcome: Outcome): void {
    const { roster, tally, log } = this.#options;
    const { task, worker } = run;
    if (this.#runs.get(task.id) === run) this.#runs.delete(task.id);
    if (outcome.what === "collected") this.#count(run, outcome.result);
    this.#settle(run, outcome);
    tally.forget(run.key);
    const isNothing = outcome.what === "failed" || outcome.what === "lost";
    if (!isNothing) worker.worked();
    else if (!this.#isStopped) {
      log.warn(`${task.kind} task ${task.id} came to nothing: ${outcome.reason}`, {
        attempt: run.attempt,
        worker: worker.id,
      });
      // Nobody knows what its code still does.
      if (run.signal.aborted && worker.state !== "gone") roster.distrust(worker, outcome.reason);
      if (!outcome.wasKilled) this.#shun(worker);
    }
    roster.release(worker);
    if (this.#runs.size === 0) for (const wake of this.#idle.splice(0)) wake();
    this.look();
  }

  /** Whose attempts all come to nothing would have one task after another, while others can do them: it is let go of. */
  #shun(worker: Worker): void {
    const { roster, log, mostFailures } = this.#options;
    worker.failures += 1;
    if (worker.failures < mostFailures || worker.state === "gone") return;
    const isBetter = (other: Worker): boolean =>
      other !== worker && other.role === worker.role && other.hasWorked && other.failures === 0;
    if (!roster.workers.some(isBetter)) return;
    log.error(`worker ${worker.id} is let go: ${worker.failures} attempts in a row failed on it`);
    roster.remove(worker.id);
  }

  #settle(run: AttemptRun, outcome: Outcome): void {
    // What ends because the run ends goes on after a restart.
    if (this.#isStopped) return;
    const { task, attempt, worker } = run;
    const current = this.#options.board.get(task.id);
    if (!current || current.attempt !== attempt) return;
    if (outcome.what === "refused") {
      const { board, clock, roster } = this.#options;
      board.giveBack(task.id, attempt, clock.now());
      return roster.leaving(worker);
    }
    if (outcome.what === "failed" || outcome.what === "lost") {
      return this.#options.run.attemptFailed(current, { ...outcome, state: outcome.what });
    }
    const isCut = worker.state === "draining" && task.kind !== "collector";
    if (isCut && run.draining.aborted) {
      // It has not learned, or played, all that it should: another worker does.
      this.#options.board.giveBack(task.id, attempt, this.#options.clock.now());
      return;
    }
    if (outcome.what === "learned") this.#options.run.learnerFinished(current, outcome.result);
    if (outcome.what === "collected") this.#options.run.collectorFinished(current, outcome.result);
  }

  #count({ key, worker, task }: AttemptRun, info: CollectorInfo): void {
    const isEval = task.kind === "evaluator";
    worker.policyVersion = Math.max(worker.policyVersion, info.policyVersion);
    this.#options.tally.collected({ key, worker: worker.id, isEval }, info);
  }

  #isCurrent({ task, attempt }: AttemptRun): boolean {
    return this.#options.board.isCurrent(task.id, attempt);
  }
}
