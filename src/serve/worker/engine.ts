import type { LazyAbort } from "../../core/lazy-abort.ts";
import type { StackedAnswer } from "../batch-frame.ts";
import type { Group } from "../frame-reader.ts";
import type { LoadedModel, ModelContext } from "../plugin/model-plugin.ts";
import { DingError } from "../../core/errors.ts";
import type { Soon } from "../soon.ts";
import { wordsOf } from "./failure.ts";
import type { Outcome } from "./halves.ts";

/** One call of a model. */
export interface EngineCall {
  readonly abort: LazyAbort;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Hears what the model's code threw, in place of the log. */
  readonly onThrown?: (thrown: unknown) => void;
}

/** Runs batches through a model, at once where it can. Never fails for what is in a payload, or for what the model throws. */
export interface Engine {
  run(groups: readonly Group[], call: EngineCall): Soon<StackedAnswer>;
}

/** What engines are made of. */
export interface EngineOptions {
  readonly model: LoadedModel;
  readonly context: ModelContext;
}

/** Nobody wants the answer, or the model does not keep to its own form: no smaller batch would do better. */
export function isHopeless(thrown: unknown, { abort }: EngineCall): boolean {
  return abort.aborted || (thrown instanceof DingError && thrown.code === "task.invalid-result");
}

/** Tells the operator what a model's code threw, each message once, with its stack; clients hear the message only. A cancel is no failure. */
export function tellFailures(
  { name, log }: ModelContext,
  outcomes: readonly Outcome<unknown>[],
  { abort, onThrown }: EngineCall,
): void {
  let counts: Map<string, { thrown: unknown; items: number }> | undefined;
  for (const outcome of outcomes) {
    if (!("thrown" in outcome) || (abort.aborted && outcome.thrown === abort.reason)) continue;
    counts ??= new Map();
    const message = wordsOf(outcome.thrown);
    const known = counts.get(message);
    if (known) known.items += 1;
    else counts.set(message, { thrown: outcome.thrown, items: 1 });
  }
  for (const [message, { thrown, items }] of counts ?? []) {
    if (onThrown) {
      onThrown(thrown);
      continue;
    }
    // What the code says of a client's item is for the client.
    const code = thrown instanceof DingError ? thrown.code : undefined;
    const isClients = code === "usage.invalid-input";
    // Where the house found an output that it cannot use tells nothing of the model.
    const isPlain = isClients || code === "task.invalid-result";
    const stack = thrown instanceof Error && !isPlain ? thrown.stack : undefined;
    const fields = { items, ...(stack ? { stack } : {}) };
    if (isClients) log.debug(`model "${name}" refused: ${message}`, fields);
    else log.error(`model "${name}" failed: ${message}`, fields);
  }
}
