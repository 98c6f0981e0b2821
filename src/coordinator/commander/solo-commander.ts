import { Random, type RandomState } from "../../replay/random.ts";
import type { SoloSettings } from "../config/commander-settings.ts";
import type { TaskRecord } from "../tasks/task-record.ts";
import type {
  CollectorFinish,
  CollectorInfo,
  CollectorOrder,
  Commander,
  CommanderOptions,
  LearnerFinish,
  LearnerOrder,
  LearnInfo,
  WorkerCounts,
} from "./commander.ts";
import { nameOf } from "./names.ts";
import { type SlotState, TaskSlots } from "./task-slots.ts";

interface SoloState {
  random: RandomState;
  slots: SlotState;
  policyId: string | undefined;
  bufferId: string | undefined;
  learnerTaskIds: string[];
  hasFinished: boolean;
  evalTaskId: string | undefined;
  sinceEvalMs: number | undefined;
  envSteps: number;
  learned: LearnInfo | undefined;
  isEnded: boolean;
  /** The mean return of the evaluation that was the end. */
  reached: number | undefined;
}

/**
 * One agent. A learner's task comes first, with a policy and a buffer, which further learners share; then collectors' tasks, one for each
 * place, and an evaluation whenever `evalInterval` has passed, the first as soon as there are weights. An evaluation that reaches
 * `stopValue` ends the run; without one the learner's end does.
 */
export class SoloCommander implements Commander {
  readonly #settings: SoloSettings;
  readonly #random: Random;
  readonly #slots: TaskSlots;
  #policyId: string | undefined;
  #bufferId: string | undefined;
  readonly #learnerTaskIds = new Set<string>();
  /** A learner has learned enough: none follows it before the others have, too. */
  #hasFinished = false;
  #evalTaskId: string | undefined;
  #lastEvalAt: number | undefined;
  #now = 0;
  #envSteps = 0;
  #learned: LearnInfo | undefined;
  #isEnded = false;
  #reached: number | undefined;
  /** The collection that makes room for an evaluation: one is enough. */
  #leaving: string | undefined;

  constructor(settings: SoloSettings, options: Pick<CommanderOptions, "seed" | "hasEvaluators">) {
    const { seed } = options;
    this.#settings = settings;
    this.#random = new Random(seed);
    this.#slots = new TaskSlots({ ...settings, hasEvaluators: options.hasEvaluators });
  }

  nextCollectorTask(now: number): CollectorOrder | null {
    this.#now = now;
    if (this.#isEnded || this.#policyId === undefined || this.#bufferId === undefined) return null;
    const about = { policyId: this.#policyId, bufferId: this.#bufferId };
    if (this.#isEvalDue(now)) {
      const kind = this.#slots.hasEvaluators ? "evaluator" : "collector";
      if (this.#slots.isFree(kind)) return this.#evaluation(about, kind, now);
    }
    // The place that comes free next is for the evaluation that waits.
    if (this.#mustMakeRoom(now) || !this.#slots.isFree("collector")) return null;
    const taskId = nameOf("collector_task", this.#random);
    this.#slots.acquire(taskId, "collector");
    return { taskId, kind: "collector", ...about, setting: this.#setting() };
  }

  nextLearnerTask(now: number): LearnerOrder | null {
    this.#now = now;
    if (this.#isEnded || this.#hasFinished || !this.#slots.isFree("learner")) return null;
    const taskId = nameOf("learner_task", this.#random);
    this.#slots.acquire(taskId, "learner");
    this.#learnerTaskIds.add(taskId);
    this.#policyId ??= nameOf("policy", this.#random);
    this.#bufferId ??= nameOf("buffer", this.#random);
    return { taskId, policyId: this.#policyId, bufferId: this.#bufferId };
  }

  judgeCollectorFinish(taskId: string, info: CollectorInfo): boolean {
    if (info.collectorDone) return true;
    if (taskId === this.#evalTaskId || !this.#mustMakeRoom(this.#now)) return false;
    this.#leaving ??= taskId;
    return this.#leaving === taskId;
  }

  judgeLearnerFinish(_taskId: string, info: LearnInfo): boolean {
    return info.learnerDone;
  }

  finishCollectorTask(taskId: string, result: CollectorFinish): { shutdown: boolean } {
    this.#slots.release(taskId);
    if (taskId === this.#leaving) this.#leaving = undefined;
    if (taskId === this.#evalTaskId) this.#evalTaskId = undefined;
    if (!result.isEval) {
      this.#envSteps += result.envSteps;
      return { shutdown: false };
    }
    const { stopValue = Infinity, evalEpisodes } = this.#settings;
    // One that was cut short says too little.
    if (result.episodes < evalEpisodes || result.rewardMean < stopValue) return { shutdown: false };
    this.#isEnded = true;
    this.#reached = result.rewardMean;
    return { shutdown: true };
  }

  finishLearnerTask(
    taskId: string,
    _result: LearnerFinish,
  ): { closeBuffer?: string | undefined; shutdown: boolean } {
    this.#slots.release(taskId);
    this.#learnerTaskIds.delete(taskId);
    this.#hasFinished = this.#learnerTaskIds.size > 0;
    if (this.#hasFinished) return { shutdown: false };
    const closeBuffer = this.#bufferId;
    // What comes next begins anew, with a fresh policy.
    this.#policyId = this.#bufferId = this.#learned = undefined;
    this.#isEnded ||= this.#settings.stopValue === undefined;
    return { closeBuffer, shutdown: this.#isEnded };
  }

  onTaskFailed({ id, state }: TaskRecord): "retry" | "drop" {
    if (state === "queued" && !this.#isEnded) return "retry";
    this.#slots.release(id);
    if (id === this.#leaving) this.#leaving = undefined;
    if (id === this.#evalTaskId) {
      this.#evalTaskId = undefined;
      this.#lastEvalAt = this.#now;
    }
    // The next learner goes on with this policy, from its newest weights.
    if (this.#learnerTaskIds.delete(id) && this.#learnerTaskIds.size === 0)
      this.#hasFinished = false;
    return "drop";
  }

  updateLearnerInfo(_taskId: string, info: LearnInfo): void {
    this.#learned = info;
  }

  onWorkers(counts: WorkerCounts): void {
    this.#slots.onWorkers(counts);
  }

  increaseCollectorTaskSpace(): void {
    this.#slots.increase();
  }

  decreaseCollectorTaskSpace(): void {
    this.#slots.decrease();
  }

  wakeAt(_now: number): number | undefined {
    if (this.#isEnded || this.#evalTaskId !== undefined || this.#lastEvalAt === undefined) return;
    return this.#lastEvalAt + this.#settings.evalInterval * 1_000;
  }

  stateDict(now: number): SoloState {
    return {
      random: this.#random.stateDict(),
      slots: this.#slots.stateDict(),
      policyId: this.#policyId,
      bufferId: this.#bufferId,
      learnerTaskIds: [...this.#learnerTaskIds],
      hasFinished: this.#hasFinished,
      evalTaskId: this.#evalTaskId,
      sinceEvalMs: this.#lastEvalAt === undefined ? undefined : now - this.#lastEvalAt,
      envSteps: this.#envSteps,
      learned: this.#learned,
      isEnded: this.#isEnded,
      reached: this.#reached,
    };
  }

  loadStateDict(state: SoloState, now: number): void {
    this.#random.loadStateDict(state.random);
    this.#slots.loadStateDict(state.slots);
    this.#policyId = state.policyId;
    this.#bufferId = state.bufferId;
    this.#learnerTaskIds.clear();
    for (const id of state.learnerTaskIds) this.#learnerTaskIds.add(id);
    this.#hasFinished = state.hasFinished;
    this.#evalTaskId = state.evalTaskId;
    this.#lastEvalAt = state.sinceEvalMs === undefined ? undefined : now - state.sinceEvalMs;
    this.#envSteps = state.envSteps;
    this.#learned = state.learned;
    this.#reached = state.reached;
    // Whoever resumes a run may want more of it.
    const isMoreWanted = (state.reached ?? Infinity) < (this.#settings.stopValue ?? Infinity);
    this.#isEnded = state.isEnded && !isMoreWanted;
  }

  hasEnded(): boolean {
    return this.#isEnded;
  }

  #evaluation(
    about: { policyId: string; bufferId: string },
    slot: "collector" | "evaluator",
    now: number,
  ): CollectorOrder {
    const taskId = nameOf("evaluator_task", this.#random);
    this.#slots.acquire(taskId, slot);
    this.#evalTaskId = taskId;
    this.#lastEvalAt = now;
    const episodes = this.#settings.evalEpisodes;
    return { taskId, kind: "evaluator", ...about, episodes };
  }

  #setting(): Readonly<Record<string, unknown>> {
    const { collect } = this.#settings;
    if (typeof collect !== "function") return collect;
    const { learnerStep = 0, policyVersion = 0 } = this.#learned ?? {};
    return collect({ envSteps: this.#envSteps, learnerStep, policyVersion });
  }

  #isEvalDue(now: number): boolean {
    if (this.#evalTaskId !== undefined || !this.#hasLearned) return false;
    if (this.#lastEvalAt === undefined) return true;
    return now - this.#lastEvalAt >= this.#settings.evalInterval * 1_000;
  }

  /** Whoever evaluates before there are weights would keep a place from those whom the learner waits for. */
  get #hasLearned(): boolean {
    const { learnerStep = 0, policyVersion = 0 } = this.#learned ?? {};
    return learnerStep > 0 || policyVersion > 0;
  }

  /** An evaluation is due, and only collectors could do it, all of which are busy. */
  #mustMakeRoom(now: number): boolean {
    return !this.#slots.hasEvaluators && this.#isEvalDue(now) && !this.#slots.isFree("collector");
  }
}
