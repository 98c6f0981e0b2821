import { BackwardStack } from "./backward-stack.ts";
import { Crew } from "./crew.ts";
import { goForward, named, type Middleware, type Step, type Suspended } from "./middleware.ts";

/** What composed middlewares run under. */
export interface ComposeOptions {
  /** Ends the waits for locks. */
  signal: () => AbortSignal;
  /** What a `finally` throws in a middleware that is given up. */
  report: (name: string, error: unknown) => void;
}

/** One middleware that goes forward through all of these, one after the other, and back in reverse. */
export function serialOf<C>(steps: readonly Step<C>[], options: ComposeOptions): Middleware<C> {
  return composed("serial", steps, options, async (ctx, stack) => {
    for (const step of steps) {
      const suspended = await goForward(step, ctx, options.signal());
      if (suspended) stack.push(suspended);
    }
  });
}

/** One middleware that goes forward through all of these side by side, `workers` at a time, and back in reverse. */
export function parallelOf<C>(
  steps: readonly Step<C>[],
  workers: number,
  options: ComposeOptions,
): Middleware<C> {
  return composed("parallel", steps, options, async (ctx, stack) => {
    const crew = new Crew(workers);
    const outcomes = await Promise.allSettled(
      steps.map((step) => crew.run(() => goForward(step, ctx, options.signal()))),
    );
    for (const { value } of outcomes.filter(isFulfilled)) if (value) stack.push(value);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  });
}

/** Its own stack: whoever resumes it never touches the middlewares around it. */
function composed<C>(
  kind: string,
  steps: readonly Step<C>[],
  { report }: ComposeOptions,
  forward: (ctx: C, stack: BackwardStack) => Promise<void>,
): Middleware<C> {
  const name = `${kind}<${steps.map((step) => step.name).join(",")}>`;
  return named(name, async function* (ctx: C) {
    const stack = new BackwardStack();
    try {
      await forward(ctx, stack);
      yield;
      await stack.unwind();
    } finally {
      await stack.abandon(report);
    }
  });
}

function isFulfilled(
  outcome: PromiseSettledResult<Suspended | undefined>,
): outcome is PromiseFulfilledResult<Suspended | undefined> {
  return outcome.status === "fulfilled";
}
