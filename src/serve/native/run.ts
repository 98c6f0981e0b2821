import { DingError } from "../../core/errors.ts";
import { LazyAbort } from "../../core/lazy-abort.ts";
import type { Inference, Values } from "../inference.ts";

/** How a request ended. */
export type Outcome = { values: Values } | { error: DingError };

/** What one who asks gets. */
export interface Asked {
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
  /** The answer is no longer wanted; when nobody wants it, it is not computed. */
  leave(): void;
}

/** One request that runs, and all who wait for it: who asked twice, before and after a break, waits for the same. */
export class Run {
  readonly outcome: Promise<Outcome>;
  readonly #abort = new LazyAbort();
  #waiting = 0;
  #isDone = false;

  /** `end` is called once, before anybody hears the outcome. */
  constructor(
    infer: (abort: LazyAbort) => Promise<Inference>,
    end: (outcome: Outcome, run: Run) => void,
  ) {
    this.outcome = this.#run(infer, end);
  }

  /** Everybody has left: whoever comes now must not wait for it. */
  get isAbandoned(): boolean {
    return this.#abort.isAborted;
  }

  join(): Asked {
    this.#waiting += 1;
    let hasLeft = false;
    return {
      outcome: this.outcome,
      leave: () => {
        if (hasLeft) return;
        hasLeft = true;
        this.#waiting -= 1;
        if (this.#waiting === 0 && !this.#isDone) this.#abort.abort(unwanted());
      },
    };
  }

  async #run(
    infer: (abort: LazyAbort) => Promise<Inference>,
    end: (outcome: Outcome, run: Run) => void,
  ): Promise<Outcome> {
    let outcome: Outcome;
    try {
      const { payload } = await infer(this.#abort);
      outcome = payload.kind === "values" ? { values: payload } : { error: wrongKind() };
    } catch (thrown) {
      outcome = { error: DingError.from(thrown) };
    }
    this.#isDone = true;
    end(outcome, this);
    return outcome;
  }
}

function unwanted(): DingError {
  return new DingError("task.cancelled", "Cannot go on: nobody waits for the answer any more");
}

function wrongKind(): DingError {
  return new DingError("internal.bug", "Cannot use answer: it came as tensors, not as values");
}
