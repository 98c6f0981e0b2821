import { TaskSpace } from "./task-space.ts";
import type { WorkerCounts } from "./commander.ts";

/** What of the settings says how many tasks there may be. */
export interface SlotSettings {
  collectorTaskSpace?: number | undefined;
  learnerTaskSpace: number;
  /** Evaluations take no collector's place, even before there is an evaluator. */
  hasEvaluators?: boolean | undefined;
}

type Kind = "collector" | "evaluator" | "learner";

/** What is saved of them. */
export interface SlotState {
  /** Which task holds a place of which kind. */
  held: [taskId: string, kind: Kind][];
  /** How many places beyond the configured ones were added, or taken away. */
  extra: number;
}

/** The places of a commander's tasks: each is taken once and given back once, whatever happens. */
export class TaskSlots {
  readonly #base: number;
  readonly #hasEvaluators: boolean;
  readonly #spaces: Record<Kind, TaskSpace>;
  readonly #held = new Map<string, Kind>();
  #extra = 0;
  #workers: WorkerCounts = { collectors: 0, learners: 0, evaluators: 0 };

  constructor({ collectorTaskSpace = 0, learnerTaskSpace, hasEvaluators }: SlotSettings) {
    this.#hasEvaluators = hasEvaluators ?? false;
    this.#base = collectorTaskSpace;
    this.#spaces = {
      collector: new TaskSpace(0, collectorTaskSpace),
      evaluator: new TaskSpace(0, 1),
      learner: new TaskSpace(0, learnerTaskSpace),
    };
  }

  /** True where evaluations take no collector's place. */
  get hasEvaluators(): boolean {
    return this.#hasEvaluators || this.#workers.evaluators > 0;
  }

  used(kind: Kind): number {
    return this.#spaces[kind].used;
  }

  most(kind: Kind): number {
    return this.#spaces[kind].most;
  }

  isFree(kind: Kind): boolean {
    return this.#spaces[kind].isFree;
  }

  /** Takes a place for the task. */
  acquire(taskId: string, kind: Kind): boolean {
    if (this.#held.has(taskId) || !this.#spaces[kind].acquire()) return false;
    this.#held.set(taskId, kind);
    return true;
  }

  /** Gives the task's place back; false when it has none (any more). */
  release(taskId: string): boolean {
    const kind = this.#held.get(taskId);
    if (kind === undefined) return false;
    this.#held.delete(taskId);
    this.#spaces[kind].release();
    return true;
  }

  /** There are never fewer places than collectors. */
  onWorkers(workers: WorkerCounts): void {
    this.#workers = workers;
    this.#resize();
  }

  increase(): void {
    this.#extra += 1;
    this.#resize();
  }

  decrease(): void {
    this.#extra -= 1;
    this.#resize();
  }

  stateDict(): SlotState {
    return { held: [...this.#held], extra: this.#extra };
  }

  loadStateDict({ held, extra }: SlotState): void {
    this.#extra = extra;
    this.#held.clear();
    for (const [taskId, kind] of held) this.#held.set(taskId, kind);
    for (const kind of ["collector", "evaluator", "learner"] as const) {
      this.#spaces[kind].restore(held.filter(([, of]) => of === kind).length);
    }
    this.#resize();
  }

  #resize(): void {
    const { collectors } = this.#workers;
    this.#spaces.collector.resize(Math.max(this.#base + this.#extra, collectors));
  }
}
