import type { DeadJob, Job, Lease, NewJob, Pushed, QueueStats, SeenJob } from "./job.ts";

/**
 * What not every kind of queue can do: `lease` (ack, extend, retry, release), `priority`, `delay` (of pushes and of
 * retries), `key` (one job for two pushes), `dead` (the dead-letter list and its redrive), `peek`.
 */
export type Capability = "lease" | "priority" | "delay" | "key" | "dead" | "peek";

/** A job as a driver gets it: checked, and nothing left to guess. */
export type CheckedJob = NewJob & Required<Pick<NewJob, "id" | "priority" | "delayMs">>;

/** What a take gave. */
export interface Taken {
  jobs: Job[];
  /** When fewer came than were asked for: how long until a delay or lease ends that may bring more. */
  againInMs?: number;
}

/** What a retry says. */
export interface RetryTerms {
  /** How long nobody may take it. */
  delayMs: number;
  reason: string;
}

/** Which jobs are thrown away: all that are not dead, or the dead ones. */
export type PurgeScope = "jobs" | "dead";

/** What a driver is told of the queue. */
export interface DriverTerms {
  /** A delivery that fails as this number moves the job to the dead-letter list. */
  maxAttempts: number;
  /** How many jobs that are not dead there may be; more are refused with `queue.full`. */
  maxLength: number;
  /** How long a key is remembered. */
  keyWindowMs: number;
}

/**
 * A kind of queue. Every call is one step that ends by itself; waiting, checking and renewing are the business of
 * `Queue`. Calls on a lease that has expired, or was used, reject with `lease.expired`.
 */
export interface Driver extends AsyncDisposable {
  readonly can: ReadonlySet<Capability>;
  /** Rejects, with nothing left open, if the queue cannot be reached or is none. */
  open(): Promise<void>;
  /** Adds all or none; resolves when they are as safe as they will be. */
  push(jobs: readonly CheckedJob[]): Promise<Pushed[]>;
  /** At most `max` jobs of those that are ready now, best first. */
  take(max: number, leaseMs: number): Promise<Taken>;
  /** `onWritten` may hear before that the word outlives this process, though not yet a power failure. */
  ack(lease: Lease, onWritten?: () => void): Promise<void>;
  /** From now on the lease holds for `leaseMs`. */
  extend(lease: Lease, leaseMs: number): Promise<void>;
  /** Gives back what failed; "dead" if that was its last attempt. */
  retry(lease: Lease, terms: RetryTerms): Promise<"retried" | "dead">;
  /** Gives back what was not tried: where the queue counts attempts itself, this one does not count. */
  release(lease: Lease): Promise<void>;
  deadLetter(lease: Lease, reason: string): Promise<void>;
  stats(): Promise<QueueStats>;
  /** The next jobs, in the order in which they would be taken, then delayed and leased ones. */
  peek(max: number): Promise<SeenJob[]>;
  /** Dead jobs, the one that died first first. */
  dead(max: number): Promise<DeadJob[]>;
  /** Makes dead jobs ready, behind those that are, with all attempts before them: those with these ids, or all. Gives their number. */
  redrive(ids: readonly string[] | undefined): Promise<number>;
  /** Gives the number of jobs that are gone. */
  purge(scope: PurgeScope): Promise<number>;
  /** Calls `nudge` when there may be something to take, until disposed. More often than needed does no harm. */
  watch(nudge: () => void): Disposable;
  /** The queue is about to close: calls that wait for a server to come back reject from now on. */
  hurry?(): void;
}
