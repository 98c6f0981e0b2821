import type { Clock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import type {
  CollectorFinish,
  CollectorInfo,
  CollectorOrder,
  Commander,
  LearnerOrder,
  LearnInfo,
  WeightCopy,
  WorkerCounts,
} from "../commander/commander.ts";
import type { BoardState, TaskBoard } from "../tasks/task-board.ts";
import type { TaskRecord } from "../tasks/task-record.ts";
import type { Buffers } from "./buffers.ts";
import type { Tally, TallyState } from "./tally.ts";

/** What a run is made of. */
export interface RunParts {
  commander: Commander;
  board: TaskBoard;
  buffers: Buffers;
  tally: Tally;
  clock: Clock;
  /** The commander threw: the run cannot go on. Called once. */
  onFault: (error: DingError) => void;
  /** The commander says that the goal is reached. Called once. */
  onReached: () => void;
  /** A buffer is gone, and so is what there was to do for it. */
  onClosed: (bufferId: string) => void;
  /** Weights are to be kept under another name. */
  onCopy: (copy: WeightCopy) => void;
  /** The weights of a policy are of no use any more. */
  onRetired: (policyId: string) => void;
}

/** What a run saves besides its buffers. */
export interface RunState {
  tasks: BoardState;
  commander: unknown;
  tally: TallyState;
  shutdown: boolean;
}

/** More orders at once no commander needs: it would go on for ever. */
const MOST_ORDERS = 10_000;

/** The commander and the tasks: what is to be done, what came of it, and whether it is enough. Knows no worker. */
export class Run {
  readonly #parts: RunParts;
  #hasFault = false;
  #isReached = false;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  /** Sticky: once the commander has said so, it stays. */
  get isReached(): boolean {
    return this.#isReached;
  }

  /** True when no more tasks are made or given out. */
  get isOver(): boolean {
    return this.#isReached || this.#hasFault;
  }

  /** Asks the commander for tasks until it has none. */
  produce(): void {
    const { commander, board, buffers } = this.#parts;
    for (let count = 0; !this.isOver; count++) {
      if (count > MOST_ORDERS) {
        return this.#fault("nextCollectorTask", `it gave more than ${MOST_ORDERS} tasks at once`);
      }
      const { now } = this;
      const learner = this.ask("nextLearnerTask", () => {
        const order = commander.nextLearnerTask(now);
        if (!order) return null;
        checkOrder(order);
        board.add({ id: order.taskId, kind: "learner", payload: order }, now);
        return order;
      });
      if (learner) buffers.open(learner.bufferId);
      const collector = this.ask("nextCollectorTask", () => {
        const order = commander.nextCollectorTask(now);
        if (!order) return null;
        checkOrder(order);
        checkKind(order);
        board.add({ id: order.taskId, kind: order.kind, payload: order }, now);
        return order;
      });
      if (!learner && !collector) break;
    }
    this.takeCopies();
  }

  /** When the commander wants to be asked again. */
  wakeAt(): number | undefined {
    if (this.isOver) return undefined;
    const at = this.ask("wakeAt", () => this.#parts.commander.wakeAt(this.now));
    return typeof at === "number" && Number.isFinite(at) ? at : undefined;
  }

  onWorkers(counts: WorkerCounts): void {
    this.ask("onWorkers", () => this.#parts.commander.onWorkers(counts));
  }

  /** A collector has told how far it is; true: its task is at its end. */
  collectorInfo(task: TaskRecord, info: CollectorInfo): boolean {
    return (
      this.ask("judgeCollectorFinish", () =>
        this.#parts.commander.judgeCollectorFinish(task.id, info),
      ) === true
    );
  }

  /** The attempt has ended well. False when it was over already. */
  collectorFinished(task: TaskRecord, result: CollectorFinish): boolean {
    const { board, commander, tally } = this.#parts;
    if (!board.done(task.id, task.attempt)) return false;
    if (result.isEval) tally.evaluated(result, this.now);
    const said = this.ask("finishCollectorTask", () =>
      commander.finishCollectorTask(task.id, result),
    );
    if (said?.shutdown) this.#reach();
    return true;
  }

  learnerInfo(task: TaskRecord, info: LearnInfo): boolean {
    const { commander, tally } = this.#parts;
    tally.learnedMore(info);
    const isDone = this.ask("judgeLearnerFinish", () =>
      commander.judgeLearnerFinish(task.id, info),
    );
    this.ask("updateLearnerInfo", () => commander.updateLearnerInfo(task.id, info));
    this.takeCopies();
    return isDone === true;
  }

  learnerFinished(task: TaskRecord, result: LearnInfo): boolean {
    const { board, commander, tally } = this.#parts;
    if (!board.done(task.id, task.attempt)) return false;
    tally.learnedMore(result);
    const said = this.ask("finishLearnerTask", () => commander.finishLearnerTask(task.id, result));
    this.takeCopies();
    if (said?.shutdown) this.#reach();
    else if (said?.closeBuffer !== undefined) this.#closeBuffer(said.closeBuffer);
    return true;
  }

  /** The attempt has come to nothing: it is tried again, if the commander wants it and there are tries left. */
  attemptFailed(task: TaskRecord, end: { reason: string; state: "failed" | "lost" }): void {
    const { board, buffers, tally } = this.#parts;
    const { id, attempt } = task;
    const { bufferId } = task.payload as CollectorOrder | LearnerOrder;
    if (board.isCurrent(id, attempt) && !buffers.get(bufferId)) return this.#cancelUnbuffered(task);
    const next = board.fail(id, attempt, { ...end, now: this.now });
    if (next === undefined) return;
    tally.counters.failures += 1;
    if (next === "failed") return this.#giveUp(task, end.reason);
    this.#tellFailed(board.get(id) ?? { ...task, state: next, reason: end.reason });
  }

  /** No worker came for it. */
  overdue(task: TaskRecord): void {
    const { board } = this.#parts;
    const reason = "no worker took it in time";
    if (board.giveUp(task.id, reason)) this.#tellFailed({ ...task, state: "failed", reason });
  }

  increase(): void {
    this.ask("increaseCollectorTaskSpace", () =>
      this.#parts.commander.increaseCollectorTaskSpace(),
    );
  }

  decrease(): void {
    this.ask("decreaseCollectorTaskSpace", () =>
      this.#parts.commander.decreaseCollectorTaskSpace(),
    );
  }

  stateDict(): RunState {
    const { board, commander, tally } = this.#parts;
    const { now } = this;
    return {
      tasks: board.stateDict(now),
      commander: commander.stateDict(now),
      tally: tally.stateDict(now),
      shutdown: this.#isReached,
    };
  }

  loadStateDict(state: RunState): void {
    const { board, commander, tally } = this.#parts;
    const { now } = this;
    board.loadStateDict(state.tasks, now);
    try {
      commander.loadStateDict(state.commander, now);
    } catch (cause) {
      const message = `Cannot resume: the commander does not take its state: ${messageOf(cause)}`;
      const hint = "Resume with the commander that it was saved with.";
      throw new DingError("usage.invalid-input", message, { hint, cause });
    }
    tally.loadStateDict(state.tally, now);
    this.#isReached = state.shutdown && commander.hasEnded?.() !== false;
  }

  get now(): number {
    return this.#parts.clock.now();
  }

  /** Calls the commander; what it throws ends the run, and undefined comes back. */
  ask<T>(what: string, question: () => T): T | undefined {
    try {
      return question();
    } catch (thrown) {
      this.#fault(what, thrown);
      return undefined;
    }
  }

  takeCopies(): void {
    const { commander, onCopy, onRetired } = this.#parts;
    const copies = this.ask("takeCopies", () => commander.takeCopies?.());
    for (const copy of copies ?? []) onCopy(copy);
    const retired = this.ask("takeRetired", () => commander.takeRetired?.());
    for (const policyId of retired ?? []) onRetired(policyId);
  }

  #tellFailed(task: TaskRecord): void {
    const { board, commander } = this.#parts;
    const wish = this.ask("onTaskFailed", () => commander.onTaskFailed(task));
    if (wish === "drop") board.cancel(task.id, task.reason ?? "the commander dropped it");
  }

  /** Code that fails each time it is tried will not do better by itself. */
  #giveUp({ id, kind }: TaskRecord, reason: string): void {
    if (this.#hasFault) return;
    this.#hasFault = true;
    const message = `Cannot go on: ${kind} task ${id} failed each time: ${reason}`;
    const hint = "The state is saved: mend the code, and start again with --resume.";
    this.#parts.onFault(new DingError("task.failed", message, { hint }));
  }

  /** Tasks that would use it have nothing to do any more. */
  #closeBuffer(bufferId: string): void {
    const { board, buffers, onClosed } = this.#parts;
    buffers.close(bufferId);
    onClosed(bufferId);
    for (const task of board.open) {
      const { bufferId: used } = task.payload as CollectorOrder | LearnerOrder;
      if (used === bufferId && task.state === "queued") this.#cancelUnbuffered(task);
    }
  }

  #cancelUnbuffered(task: TaskRecord): void {
    const reason = "its buffer is closed";
    this.#parts.board.cancel(task.id, reason);
    this.#tellFailed({ ...task, state: "cancelled", reason });
  }

  #reach(): void {
    if (this.#isReached) return;
    this.#isReached = true;
    this.#parts.onReached();
  }

  #fault(what: string, thrown: unknown): void {
    if (this.#hasFault) return;
    this.#hasFault = true;
    const message = `Cannot go on: the commander failed in ${what}: ${messageOf(thrown)}`;
    this.#parts.onFault(
      new DingError("plugin.invalid", message, {
        hint: "The state is saved: mend the commander, and start again with --resume.",
        cause: thrown,
      }),
    );
  }
}

/** Throws where a commander of one's own gives what is no order. */
function checkOrder(order: CollectorOrder | LearnerOrder): void {
  for (const name of ["taskId", "policyId", "bufferId"] as const) {
    if (typeof order[name] === "string" && order[name] !== "") continue;
    throw new TypeError(`it gave a task without ${name}`);
  }
}

function checkKind({ taskId, kind }: CollectorOrder): void {
  if (kind === "collector" || kind === "evaluator") return;
  throw new TypeError(`task "${taskId}" is of no kind that there is: "${String(kind)}"`);
}
