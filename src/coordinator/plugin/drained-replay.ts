import type {
  EpisodeOptions,
  Inserted,
  InsertOptions,
  Steps,
} from "../../replay/replay-options.ts";
import type {
  DeleteQuery,
  ReplayReader,
  ReplayWriter,
  SampledItems,
  SampleQuery,
} from "./worker-context.ts";

/** A task that is to end waits so long for a limiter, and no longer: those on the other side may have ended already. */
const MOST_WAIT_MS = 1_000;

/** The buffer of a task: once that is to end, no insert or sample waits for ever. Such a one rejects with that reason. */
export class DrainedReplay implements ReplayWriter, ReplayReader {
  readonly #replay: ReplayWriter & ReplayReader;
  readonly #asked: AbortSignal;

  constructor(replay: ReplayWriter & ReplayReader, asked: AbortSignal) {
    this.#replay = replay;
    this.#asked = asked;
  }

  insert(steps: Steps, options: InsertOptions = {}): Promise<Inserted> {
    return this.#bounded(options.signal, (signal) =>
      this.#replay.insert(steps, { ...options, signal }),
    );
  }

  insertEpisode(steps: Steps, options: EpisodeOptions = {}): Promise<Inserted> {
    return this.#bounded(options.signal, (signal) =>
      this.#replay.insertEpisode(steps, { ...options, signal }),
    );
  }

  sample(count: number, query: SampleQuery = {}): Promise<SampledItems> {
    return this.#bounded(query.signal, (signal) =>
      this.#replay.sample(count, { ...query, signal }),
    );
  }

  updatePriorities(
    keys: ArrayLike<number>,
    priorities: ArrayLike<number>,
    table?: string,
  ): Promise<number> {
    return this.#replay.updatePriorities(keys, priorities, table);
  }

  delete(keys: ArrayLike<number>, query?: DeleteQuery): Promise<number> {
    return this.#replay.delete(keys, query);
  }

  async #bounded<T>(
    given: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const asked = this.#asked;
    const late = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begin = (): void => {
      timer = setTimeout(() => late.abort(asked.reason), MOST_WAIT_MS);
    };
    if (asked.aborted) begin();
    else asked.addEventListener("abort", begin, { once: true });
    try {
      return await work(given ? AbortSignal.any([given, late.signal]) : late.signal);
    } finally {
      asked.removeEventListener("abort", begin);
      clearTimeout(timer);
    }
  }
}
