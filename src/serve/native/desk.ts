import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { AbortNotice } from "../../core/lazy-abort.ts";
import type { Inference, InferEnd, InferRequest, Models, Payload, Values } from "../inference.ts";
import { RecentAnswers } from "./recent-answers.ts";
import { Run, type Asked, type Outcome } from "./run.ts";

/** One request as the native protocol asks it. */
export interface Question extends Omit<InferRequest, "payload" | "signal"> {
  /** The request's name, its idempotency key: while it is known under this name it is not run again. */
  key?: string | undefined;
  model?: string | undefined;
  version?: string | undefined;
  values: Values;
}

/** What the desk stands on. */
export interface DeskOptions {
  clock: Clock;
  isStopping: () => boolean;
  /** How much may have been asked and not answered; beyond it is `queue.full`. Default 512 MiB. */
  maxBytes?: number | undefined;
}

const MOST_BYTES = 512 * 1024 * 1024;
const RETRY_AFTER_MS = 200;
const REMEMBERED = { keepMs: 60_000, maxEntries: 4_096, maxBytes: 16 * 1024 * 1024 };

/** Where the native protocol's faces ask: bounds what is out, and runs no request twice that it knows. */
export class Desk {
  readonly #models: Models;
  readonly #options: DeskOptions;
  readonly #maxBytes: number;
  readonly #running = new Map<string, Run>();
  readonly #recent: RecentAnswers<Outcome>;
  #open = 0;
  #bytes = 0;
  #idleWaiters: (() => void)[] = [];

  constructor(models: Models, options: DeskOptions) {
    this.#models = models;
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? MOST_BYTES;
    this.#recent = new RecentAnswers({ ...REMEMBERED, clock: options.clock });
  }

  /** Requests that have not been answered. */
  get open(): number {
    return this.#open;
  }

  /** Asks, or joins in what is asked already; calls `onDone` once for each time that it runs. */
  ask(question: Question, onDone?: (outcome: Outcome) => void): Asked {
    const { key } = question;
    const known = key === undefined ? undefined : this.#known(key);
    if (known) return known;
    const refusal = this.#refusal();
    if (refusal) return settled({ error: refusal });
    const bytes = this.#begin(question.values);
    const run = new Run(
      (abort, done) => this.#begun(question, abort, done),
      (outcome, self) => {
        this.#end(bytes);
        if (key !== undefined && this.#running.get(key) === self) this.#running.delete(key);
        if (key !== undefined && isFinal(outcome)) {
          this.#recent.put(key, owned(outcome), sizeOfOutcome(outcome));
        }
        onDone?.(outcome);
      },
    );
    if (key !== undefined) this.#running.set(key, run);
    return run.join();
  }

  /** The pieces of an answer; leaving the loop cancels the rest. */
  async *stream(question: Question, signal: AbortSignal): AsyncGenerator<Payload> {
    const refusal = this.#refusal();
    if (refusal) throw refusal;
    const bytes = this.#begin(question.values);
    try {
      const model = this.#models.get(question.model, question.version);
      yield* model.stream(requestOf(question, signal));
    } finally {
      this.#end(bytes);
    }
  }

  /** Resolves when nothing is left to be answered. */
  async idle(): Promise<void> {
    while (this.#open > 0) {
      await new Promise<void>((resolve) => void this.#idleWaiters.push(resolve));
    }
  }

  #known(key: string): Asked | undefined {
    const run = this.#running.get(key);
    if (run && !run.isAbandoned) return run.join();
    const outcome = this.#recent.get(key);
    return outcome && settled(outcome);
  }

  /** A model that is not there is told the same way as one that fails. */
  #begun(question: Question, abort: AbortNotice, done: (end: InferEnd) => void): void {
    try {
      const model = this.#models.get(question.model, question.version);
      const request = requestOf(question, abort);
      if (model.ask) model.ask(request, done);
      else void inferred(model.infer(request)).then(done);
    } catch (thrown) {
      done({ error: DingError.from(thrown) });
    }
  }

  #refusal(): DingError | undefined {
    const { isStopping } = this.#options;
    if (isStopping()) {
      return new DingError("service.stopping", "Cannot take request: the server is stopping", {
        hint: "Ask another server, or come back when it has been started again.",
      });
    }
    if (this.#bytes <= this.#maxBytes) return undefined;
    const state = `${this.#bytes} bytes wait for their answers`;
    return new DingError("queue.full", `Cannot take request: ${state}`, {
      details: { retryAfterMs: RETRY_AFTER_MS },
      hint: "Come back later, or send less at a time.",
    });
  }

  #begin({ values }: Values): number {
    const bytes = sizeOf(values);
    this.#open += 1;
    this.#bytes += bytes;
    return bytes;
  }

  #end(bytes: number): void {
    this.#open -= 1;
    this.#bytes -= bytes;
    if (this.#open === 0) for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}

function requestOf(
  { values, id, client, priority, timeoutMs, parameters, traceparent }: Question,
  signal: AbortNotice,
): InferRequest {
  return { payload: values, id, client, priority, timeoutMs, parameters, traceparent, signal };
}

async function inferred(inferring: Promise<Inference>): Promise<InferEnd> {
  try {
    return { inference: await inferring };
  } catch (thrown) {
    return { error: DingError.from(thrown) };
  }
}

function settled(outcome: Outcome): Asked {
  return { hear: (listener) => listener(outcome), outcome: Promise.resolve(outcome), leave() {} };
}

/** Would asking again give the same? Not what was cancelled, came too late, or found no room. */
function isFinal(outcome: Outcome): boolean {
  if ("values" in outcome) return true;
  const { code, retryable } = outcome.error;
  return !retryable && code !== "task.cancelled" && code !== "task.timed-out";
}

/** A few bytes of a large frame would keep all of it in memory. */
function owned(outcome: Outcome): Outcome {
  if (!("values" in outcome)) return outcome;
  const values = outcome.values.values.map((value) =>
    value.length === value.buffer.byteLength ? value : value.slice(),
  );
  return { values: { ...outcome.values, values } };
}

const ERROR_BYTES = 512;

function sizeOfOutcome(outcome: Outcome): number {
  return "values" in outcome ? sizeOf(outcome.values.values) : ERROR_BYTES;
}

function sizeOf(values: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const { length } of values) bytes += length;
  return bytes;
}
