import type { CollectorFinish, CollectorInfo, LearnInfo } from "../commander/commander.ts";

/** One evaluation. */
export interface EvalResult {
  /** Milliseconds from the beginning of the run, over all of its restarts. */
  atMs: number;
  envSteps: number;
  policyVersion: number;
  episodes: number;
  rewardMean: number;
  rewardStd: number;
}

/** What a run counts; never goes back. */
export interface Counters {
  envSteps: number;
  episodes: number;
  /** Of all episodes of collectors. */
  returnSum: number;
  evalEpisodes: number;
  learnerStep: number;
  inserted: number;
  droppedInserts: number;
  sampled: number;
  attempts: number;
  /** Attempts that came to nothing. */
  failures: number;
}

/** What one worker has done, over all of its returns. */
export interface WorkerTally {
  role: string;
  pid: number | undefined;
  envSteps: number;
}

/** What a tally saves. */
export interface TallyState {
  workers: [id: string, tally: WorkerTally][];
  counters: Counters;
  evals: EvalResult[];
  elapsedMs: number;
}

/** What an attempt has told so far. */
interface Told {
  envSteps: number;
  episodes: number;
  returnSum: number;
}

/** Evaluations that are kept, and shown. */
const MOST_EVALS = 1_000;

/** Counts what attempts tell, each of which counts from its own beginning. */
export class Tally {
  readonly counters: Counters = {
    envSteps: 0,
    episodes: 0,
    returnSum: 0,
    evalEpisodes: 0,
    learnerStep: 0,
    inserted: 0,
    droppedInserts: 0,
    sampled: 0,
    attempts: 0,
    failures: 0,
  };
  readonly #told = new Map<string, Told>();
  readonly #workers = new Map<string, WorkerTally>();
  #evals: EvalResult[] = [];
  #elapsedMs = 0;
  #since: number;
  /** Of the last learner's report. */
  learned: LearnInfo | undefined;
  /** Mean return of the episodes of the last report that brought any. */
  lastReturn: number | undefined;

  constructor(now: number) {
    this.#since = now;
  }

  /** Every worker that was ever there, by its name. */
  get workers(): ReadonlyMap<string, WorkerTally> {
    return this.#workers;
  }

  /** A worker is there: perhaps again. */
  joined(id: string, { role, pid }: Pick<WorkerTally, "role" | "pid">): void {
    this.#workers.set(id, { role, pid, envSteps: this.#workers.get(id)?.envSteps ?? 0 });
  }

  get evals(): readonly EvalResult[] {
    return this.#evals;
  }

  /** Milliseconds that the run has taken, over all of its restarts. */
  elapsedMs(now: number): number {
    return this.#elapsedMs + now - this.#since;
  }

  /** Counts what is new in a collector's report. */
  collected(
    { key, worker, isEval }: { key: string; worker: string; isEval: boolean },
    info: CollectorInfo,
  ): void {
    const before = this.#told.get(key) ?? { envSteps: 0, episodes: 0, returnSum: 0 };
    const envSteps = Math.max(0, info.envSteps - before.envSteps);
    const episodes = Math.max(0, info.episodes - before.episodes);
    this.#told.set(key, {
      envSteps: Math.max(before.envSteps, info.envSteps),
      episodes: Math.max(before.episodes, info.episodes),
      returnSum: info.returnSum,
    });
    const { counters } = this;
    if (isEval) {
      counters.evalEpisodes += episodes;
      return;
    }
    const own = this.#workers.get(worker);
    if (own) own.envSteps += envSteps;
    counters.envSteps += envSteps;
    counters.episodes += episodes;
    counters.returnSum += info.returnSum - before.returnSum;
    if (episodes > 0) this.lastReturn = (info.returnSum - before.returnSum) / episodes;
  }

  /** The attempt is over. */
  forget(key: string): void {
    this.#told.delete(key);
  }

  evaluated(result: CollectorFinish, now: number): void {
    const { episodes, rewardMean, rewardStd, policyVersion } = result;
    const { envSteps } = this.counters;
    const atMs = this.elapsedMs(now);
    this.#evals.push({ atMs, envSteps, policyVersion, episodes, rewardMean, rewardStd });
    if (this.#evals.length > MOST_EVALS) this.#evals.shift();
  }

  learnedMore(info: LearnInfo): void {
    this.learned = info;
    this.counters.learnerStep = Math.max(this.counters.learnerStep, info.learnerStep);
  }

  stateDict(now: number): TallyState {
    const evals = [...this.#evals];
    const workers = [...this.#workers].map(([id, one]): [string, WorkerTally] => [id, { ...one }]);
    return { workers, counters: { ...this.counters }, evals, elapsedMs: this.elapsedMs(now) };
  }

  loadStateDict({ workers, counters, evals, elapsedMs }: TallyState, now: number): void {
    for (const [id, one] of workers) this.#workers.set(id, { ...one });
    Object.assign(this.counters, counters);
    this.#evals = [...evals];
    this.#elapsedMs = elapsedMs;
    this.#since = now;
  }
}
