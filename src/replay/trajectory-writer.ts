import { inputFault } from "./faults.ts";
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
    this.#created.push({ start, length: steps, priority });
  }

  /** The episode is over: inserts it, and begins the next one. */
  async end({ policyVersion }: Pick<EpisodeOptions, "policyVersion"> = {}): Promise<Inserted> {
    const [steps, created] = [this.#steps, this.#created];
    this.#steps = [];
    this.#created = [];
    const { items, ...rest } = this.#options;
    const options = { ...rest, policyVersion: policyVersion ?? rest.policyVersion };
    if (items === "created") return await this.#insertCreated(steps, created, options);
    if (steps.length === 0) return { accepted: 0, dropped: 0 };
    return await this.#sink.insertEpisode(steps, options);
  }

  /** An insert has one kind of priority: those that name one go together, and the others. */
  async #insertCreated(
    steps: unknown[],
    created: readonly (StepWindow & { priority: number | undefined })[],
    options: EpisodeOptions,
  ): Promise<Inserted> {
    const named = created.filter(({ priority }) => priority !== undefined);
    const others = created.filter(({ priority }) => priority === undefined);
    const total = { accepted: 0, dropped: 0 };
    for (const group of [named, others]) {
      if (group.length === 0) continue;
      const windows = group.map(({ start, length }) => ({ start, length }));
      const priority = group === named ? named.map((item) => item.priority ?? 0) : undefined;
      const inserted = await this.#sink.insertEpisode(steps, { ...options, windows, priority });
      total.accepted += inserted.accepted;
      total.dropped += inserted.dropped;
    }
    return total;
  }
}
