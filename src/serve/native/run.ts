import { DingError } from "../../core/errors.ts";
import { LazyAbort } from "../../core/lazy-abort.ts";
import { Ending } from "../ending.ts";
import type { InferEnd, Values } from "../inference.ts";

/** How a request ended. */
export type Outcome = { values: Values } | { error: DingError };

/** What one who asks gets. */
export interface Asked {
  /** Calls back when it has ended, at once if it has already. */
  hear(listener: (outcome: Outcome) => void): void;
  /** The same as a promise, which never rejects. */
  readonly outcome: Promise<Outcome>;
  /** The answer is no longer wanted; when nobody wants it, it is not computed. */
  leave(): void;
}

/** Begins to run; `done` is called once, perhaps at once. */
type Begin = (abort: LazyAbort, done: (end: InferEnd) => void) => void;

/** One request that runs, and all who wait for it: who asked twice, before and after a break, waits for the same. */
export class Run {
  readonly #abort = new LazyAbort();
  readonly #ending = new Ending<Outcome>();
  #waiting = 0;
  #isDone = false;

  /** `end` is called once, after this has returned, and before anybody hears the outcome. */
  constructor(begin: Begin, end: (outcome: Outcome, run: Run) => void) {
    let isBegun = false;
    const finish = (ended: InferEnd): void => {
      const outcome = outcomeOf(ended);
      this.#isDone = true;
      end(outcome, this);
      this.#ending.end(outcome);
    };
    begin(this.#abort, (ended) => {
      if (isBegun) finish(ended);
      else queueMicrotask(() => finish(ended));
    });
    isBegun = true;
  }

  /** Everybody has left: whoever comes now must not wait for it. */
  get isAbandoned(): boolean {
    return this.#abort.aborted;
  }

  join(): Asked {
    this.#waiting += 1;
    return new Waiting(this);
  }

  hear(listener: (outcome: Outcome) => void): void {
    this.#ending.hear(listener);
  }

  /** For Waiting: one of those who wait does not any more. */
  left(): void {
    this.#waiting -= 1;
    if (this.#waiting === 0 && !this.#isDone) this.#abort.abort(unwanted());
  }
}

/** One who waits for a run. */
class Waiting implements Asked {
  readonly #run: Run;
  #hasLeft = false;

  constructor(run: Run) {
    this.#run = run;
  }

  hear(listener: (outcome: Outcome) => void): void {
    this.#run.hear(listener);
  }

  get outcome(): Promise<Outcome> {
    return new Promise((resolve) => this.hear(resolve));
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#run.left();
  }
}

function outcomeOf(end: InferEnd): Outcome {
  if ("error" in end) return end;
  const { payload } = end.inference;
  return payload.kind === "values" ? { values: payload } : { error: wrongKind() };
}

function unwanted(): DingError {
  return new DingError("task.cancelled", "Cannot go on: nobody waits for the answer any more");
}

function wrongKind(): DingError {
  return new DingError("internal.bug", "Cannot use answer: it came as tensors, not as values");
}
