import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { backoffMs } from "../../core/retry.ts";
import type { FileSync } from "./file-sync.ts";
import { isBusy, isFull } from "./sqlite-fault.ts";

export interface GroupCommitOptions {
  clock: Clock;
  sync: Pick<FileSync, "done">;
  /** Runs as the last step of each transaction. */
  finish: () => void;
  /** Runs when a transaction was not written. */
  undo: () => void;
  /** How long another process may hold the file before what waits is given up; default 60,000. */
  patienceMs?: number;
}

/** What a step is worth. */
export interface StepTerms {
  /** It is answered when it would be there after a power failure. */
  mustLast: boolean;
  /** Nobody waits for the answer as long as there is `onWritten`: the disk may be asked a little later; default false. */
  isPatient?: boolean;
  /** Hears when it is in the file, where it outlives this process; not, if the disk lags far behind. */
  onWritten?: (() => void) | undefined;
}

interface Step extends StepTerms {
  run: () => unknown;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  sinceMs: number;
}

/** What is said while the file is held by others comes together; more than this at once would stop the process for long. */
const MOST_STEPS = 5_000;
/** So long at most patient steps wait for others with which to ask the disk: small transactions ask it less often. */
const PATIENT_MS = 10;
/** Nobody goes on before the disk when so many steps wait for it. */
const MOST_UNSYNCED = 2_000;
const DEFAULT_PATIENCE_MS = 60_000;
/** Others hold the file for about as long as a write to the disk takes. */
const BUSY = { minMs: 1, maxMs: 8, jitter: 0.9 };

/**
 * Makes one transaction of all that is asked within a turn of the event loop. The disk is waited for beside it, without
 * the lock of the file, while the next ones are written.
 * A step that throws a DingError has changed nothing, and fails alone; another error fails the transaction.
 */
export class GroupCommit {
  readonly #db: DatabaseSync;
  readonly #options: GroupCommitOptions;
  #steps: Step[] = [];
  #isPlanned = false;
  #busyTries = 0;
  #turnMs = 0;
  #unsynced = 0;
  #patient: Answer[] = [];
  #patience: Disposable | undefined;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(db: DatabaseSync, options: GroupCommitOptions) {
    this.#db = db;
    this.#options = options;
  }

  /** Resolves when the step is written, and lasts if it must. */
  add<T>(run: () => T, terms: StepTerms): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { mustLast, isPatient = false, onWritten } = terms;
      const sinceMs = this.#timeOfTurn();
      const tell = resolve as Step["resolve"];
      this.#steps.push({ mustLast, isPatient, onWritten, run, resolve: tell, reject, sinceMs });
      this.#plan();
    });
  }

  /** Resolves when all that was asked is written, and the disk was asked for it. */
  async settled(): Promise<void> {
    if (this.#isPlanned) {
      this.#idle ??= Promise.withResolvers();
      await this.#idle.promise;
    }
    this.#sync([]);
  }

  /** One for all that is asked in a turn, unless that waits. */
  #timeOfTurn(): number {
    if (!this.#isPlanned || this.#busyTries > 0) this.#turnMs = this.#options.clock.now();
    return this.#turnMs;
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const steps = this.#steps.splice(0, MOST_STEPS);
    const isHeldByOthers = !this.#write(steps);
    this.#busyTries = isHeldByOthers ? this.#busyTries + 1 : 0;
    if (isHeldByOthers) this.#steps = [...this.#giveUpLate(steps), ...this.#steps];
    this.#isPlanned = false;
    if (this.#steps.length === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    } else if (isHeldByOthers) {
      this.#isPlanned = true;
      this.#options.clock.after(backoffMs(BUSY, this.#busyTries), () => this.#flush());
    } else {
      this.#plan();
    }
  }

  /** False if another process holds the file. */
  #write(steps: Step[]): boolean {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
    } catch (error) {
      if (isBusy(error)) return false;
      for (const { reject } of steps) reject(error);
      return true;
    }
    const answers: Answer[] = [];
    try {
      for (const step of steps) answers.push(answerOf(step));
      this.#options.finish();
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#rollBack();
      // One that needs room must not take along those that make room.
      if (isFull(error) && steps.length > 1) return steps.every((step) => this.#writeAlone(step));
      for (const { reject } of steps) reject(error);
      return true;
    }
    this.#tell(answers);
    return true;
  }

  #writeAlone(step: Step): boolean {
    if (!this.#write([step])) this.#steps.push(step);
    return true;
  }

  #rollBack(): void {
    this.#options.undo();
    // SQLite has done it already for some errors.
    if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
  }

  /** A lease that a power failure takes away is only a job that runs again: it need not wait for the disk. */
  #tell(answers: readonly Answer[]): void {
    const lasting: Answer[] = [];
    for (const answer of answers) {
      if (answer.step.mustLast && !answer.isRefused) lasting.push(answer);
      else answer.tell();
    }
    if (lasting.length === 0) return;
    const mayGoOn = this.#unsynced < MOST_UNSYNCED;
    this.#unsynced += lasting.length;
    if (mayGoOn && lasting.every(({ step }) => step.isPatient)) {
      this.#patient.push(...lasting);
      this.#patience ??= this.#options.clock.after(PATIENT_MS, () => this.#sync([]));
    } else {
      this.#sync(lasting);
    }
    if (mayGoOn) for (const { step } of lasting) step.onWritten?.();
  }

  /** Asks the disk for these and those that were patient. */
  #sync(answers: readonly Answer[]): void {
    const lasting = [...this.#patient, ...answers];
    this.#patient = [];
    this.#patience?.[Symbol.dispose]();
    this.#patience = undefined;
    if (lasting.length === 0) return;
    const ended = (): void => void (this.#unsynced -= lasting.length);
    this.#options.sync.done().then(
      () => {
        ended();
        for (const { tell } of lasting) tell();
      },
      (error: unknown) => {
        ended();
        for (const { step } of lasting) step.reject(error);
      },
    );
  }

  #giveUpLate(steps: Step[]): Step[] {
    const { clock, patienceMs = DEFAULT_PATIENCE_MS } = this.#options;
    const lateMs = clock.now() - patienceMs;
    return steps.filter(({ sinceMs, reject }) => {
      if (sinceMs > lateMs) return true;
      reject(new Error(`database is locked for ${patienceMs} ms`));
      return false;
    });
  }
}

/** What to say to the asker of a step when all is written. */
interface Answer {
  step: Step;
  isRefused: boolean;
  tell: () => void;
}

function answerOf(step: Step): Answer {
  try {
    const value = step.run();
    return { step, isRefused: false, tell: () => step.resolve(value) };
  } catch (error) {
    if (!(error instanceof DingError)) throw error;
    return { step, isRefused: true, tell: () => step.reject(error) };
  }
}
