import { DingError } from "../../core/errors.ts";
import type { Replay } from "../../replay/replay.ts";
import type { SampleBatch } from "../../replay/batch.ts";
import type { TaskBoard } from "../tasks/task-board.ts";
import type { TaskRecord } from "../tasks/task-record.ts";
import type { Buffers } from "./buffers.ts";
import type { Run } from "./run.ts";
import type { Tally } from "./tally.ts";
import { camelled, collectorFinish, collectorInfo, learnInfo, number } from "./words.ts";

/** What the dealings stand on. */
export interface DealingsOptions {
  run: Run;
  board: TaskBoard;
  buffers: Buffers;
  tally: Tally;
  error: (text: string) => void;
}

/**
 * What workers say, in the ancestor's words, and what is done about it. What a collector says of a task that is not
 * there is told and dropped; a learner is told that it has none.
 */
export class Dealings {
  readonly #options: DealingsOptions;

  constructor(options: DealingsOptions) {
    this.#options = options;
  }

  /** Puts one step into the buffer; waits while its limiter holds it back. False: dropped. */
  async collectorSendData(
    taskId: string,
    { bufferId, dataId, data }: { bufferId: string; dataId: string; data: unknown },
  ): Promise<boolean> {
    const { buffers, error, tally } = this.#options;
    if (!this.#task(taskId)) {
      error(`collector task(${taskId}) is not known when it sends data, which is dropped`);
      return false;
    }
    const replay = buffers.get(bufferId);
    if (!replay) {
      error(`collector task(${taskId}) data(${dataId}) has no proper buffer_id(${bufferId})`);
      return false;
    }
    const words = camelled(data);
    const policyVersion = number(words, "policyVersion", "policyIter");
    const { accepted, dropped } = await replay.insert([data], { policyVersion });
    tally.counters.inserted += accepted;
    tally.counters.droppedInserts += dropped;
    return accepted > 0;
  }

  collectorJudgeFinish(taskId: string, info: unknown): boolean {
    const task = this.#task(taskId);
    if (task) return this.#options.run.collectorInfo(task, collectorInfo(info));
    this.#options.error(`collector task(${taskId}) is not known when it is judged`);
    return false;
  }

  collectorFinishTask(taskId: string, finished: unknown): void {
    const task = this.#task(taskId);
    if (!task) {
      this.#options.error(`collector task(${taskId}) is not known when it finishes`);
      return;
    }
    const result = collectorFinish(finished, task.kind === "evaluator");
    this.#options.run.collectorFinished(task, result);
  }

  /** Steps with what is known of each, or null where there are not enough now. */
  learnerGetData(
    taskId: string,
    { bufferId, batchSize, iter }: { bufferId: string; batchSize: number; iter: number },
  ): unknown[] | null {
    const replay = this.#bufferOf(taskId, bufferId);
    if (!replay) return null;
    const batch = replay.trySample(replay.tables[0] ?? "", batchSize, { policyVersion: iter });
    return batch ? this.#given(batch) : null;
  }

  /** As `learnerGetData()`, but waits until there are enough. */
  async learnerWaitData(
    taskId: string,
    { bufferId, batchSize, iter }: { bufferId: string; batchSize: number; iter: number },
    signal: AbortSignal,
  ): Promise<unknown[]> {
    const replay = this.#bufferOf(taskId, bufferId);
    if (!replay) throw new DingError("state.invalid", `There is no buffer "${bufferId}"`);
    const options = { policyVersion: iter, signal };
    const batch = await replay.sample(replay.tables[0] ?? "", batchSize, options);
    if (batch) return this.#given(batch);
    throw new DingError("wait.timeout", `Buffer "${bufferId}" drops what it cannot serve`);
  }

  /** Sets the priorities that the learner has found, and tells the commander. */
  learnerSendInfo(taskId: string, bufferId: string, info: unknown): void {
    const replay = this.#bufferOf(taskId, bufferId);
    const { priorityInfo } = camelled(info);
    const { priority, replayUniqueId } = camelled(priorityInfo);
    if (replay && Array.isArray(priority) && Array.isArray(replayUniqueId)) {
      replay.updatePriorities(
        replay.tables[0] ?? "",
        replayUniqueId as number[],
        priority as number[],
      );
    }
    this.#options.run.learnerInfo(this.#learner(taskId), learnInfo(info));
  }

  learnerJudgeFinish(taskId: string, info: unknown): boolean {
    return this.#options.run.learnerInfo(this.#learner(taskId), learnInfo(info));
  }

  learnerFinishTask(taskId: string, result: unknown): void {
    this.#options.run.learnerFinished(this.#learner(taskId), learnInfo(result));
  }

  #given(batch: SampleBatch): unknown[] {
    this.#options.tally.counters.sampled += batch.size;
    const { keys, weights } = batch.draw;
    return batch
      .items()
      .map((item, at) =>
        typeof item === "object" && item !== null && !Array.isArray(item)
          ? { ...item, replay_unique_id: keys[at], IS: weights[at] }
          : item,
      );
  }

  #bufferOf(taskId: string, bufferId: string): Replay | undefined {
    this.#learner(taskId);
    const replay = this.#options.buffers.get(bufferId);
    if (!replay)
      this.#options.error(`learner task(${taskId}) has no proper buffer_id(${bufferId})`);
    return replay;
  }

  #learner(taskId: string): TaskRecord {
    const task = this.#task(taskId);
    if (task) return task;
    const ids = this.#options.board.open.map(({ id }) => id).join(", ") || "none";
    throw new DingError("state.invalid", `Cannot find learner task "${taskId}": there are ${ids}`);
  }

  /** One that a worker has. */
  #task(taskId: string): TaskRecord | undefined {
    const task = this.#options.board.get(taskId);
    return task?.state === "queued" ? undefined : task;
  }
}
