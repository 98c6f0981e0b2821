import { inputFault } from "./faults.ts";
import { checkPriority } from "./inserting.ts";
import type { EpisodeOptions, Inserted, Steps, StepWindow } from "./replay-options.ts";

/** Where episodes go: a `Replay`, or a worker's end of one. */
export interface EpisodeSink {
  insertEpisode: (steps: Steps, options?: EpisodeOptions) => Promise<Inserted>;
}

/** How a writer makes items. */
export interface TrajectoryOptions extends Omit<
  EpisodeOptions,
  "windows" | "groupBy" | "priority"
> {
  /** Every episode becomes windows by `unrollLen` and `stride` ("windows", the default), or only what `createItem()` says. */
  items?: "windows" | "created" | undefined;
}

/** One item of an episode that is being written. */
export interface NewItem {
  /** So many steps, up to the last one that was appended. */
  steps: number;
  /** Default: the table's highest so far. */
  priority?: number | undefined;
}

/** Writes episodes step by step. What is appended is inserted when the episode ends; items that overlap share their steps. */
export class TrajectoryWriter {
  readonly #sink: EpisodeSink;
  readonly #options: TrajectoryOptions;
  #steps: unknown[] = [];
  #created: (StepWindow & { priority: number | undefined })[] = [];

  constructor(sink: EpisodeSink, options: TrajectoryOptions = {}) {
    const { items = "windows" } = options;
    if (items !== "windows" && items !== "created") {
      throw inputFault(`Cannot write items "${String(items)}"`, "Take windows or created.");
    }
    this.#sink = sink;
    this.#options = { ...options, items };
  }

  /** Steps of this episode that are not inserted yet. */
  get length(): number {
    return this.#steps.length;
  }

  /** Adds a step: an object of columns, or any value where there is no schema. */
  append(step: unknown): void {
    this.#steps.push(step);
  }

  /** Makes an item of the last steps; it goes in with the episode. */
  createItem({ steps, priority }: NewItem): void {
    if (this.#options.items !== "created") {
      throw inputFault("Cannot create an item: this writer makes windows", 'Set items: "created".');
    }
    const start = this.#steps.length - steps;
    if (!(Number.isSafeInteger(steps) && steps >= 1 && start >= 0)) {
      throw inputFault(`Cannot create an item of ${steps} steps: there are ${this.#steps.length}`);
    }
    if (priority !== undefined) checkPriority(priority);
    this.#created.push({ start, length: steps, priority });
  }

  /** The episode is over: inserts it, and begins the next one. */
  async end({ policyVersion }: Pick<EpisodeOptions, "policyVersion"> = {}): Promise<Inserted> {
    const [steps, created] = [this.#steps, this.#created];
    this.#steps = [];
    this.#created = [];
    const { items, ...rest } = this.#options;
    const options = { ...rest, policyVersion: policyVersion ?? rest.policyVersion };
    const isCreated = items === "created";
    if (steps.length === 0 || (isCreated && created.length === 0)) {
      return { accepted: 0, dropped: 0 };
    }
    if (!isCreated) return await this.#sink.insertEpisode(steps, options);
    const windows = created.map(({ start, length }) => ({ start, length }));
    const priority = created.map((item) => item.priority ?? null);
    return await this.#sink.insertEpisode(steps, { ...options, windows, priority });
  }
}
