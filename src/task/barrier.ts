import type { Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { Middleware } from "./middleware.ts";
import { nodesText } from "./nodes-text.ts";
import type { TaskRouter } from "./router.ts";

/** What a barrier waits for. */
export interface BarrierOptions {
  /** Barriers of different names have nothing to do with each other. */
  name?: string | undefined;
  /** So many nodes meet, this one counted; default all that are there while they wait. */
  nodes?: number | undefined;
  /** Rejects with `wait.timeout`, which names who is missing; default 60,000. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 60_000;

/**
 * Resolves when all nodes have come to it as often as this one. Each tells the others how often it has been here, so
 * that one who is faster, late or back again is seen for what it is.
 */
export async function meetAll(
  task: { router: TaskRouter; signal: AbortSignal },
  clock: Clock,
  { name = "", nodes, timeoutMs = TIMEOUT_MS, signal: own }: BarrierOptions,
): Promise<void> {
  const { router, signal: halted } = task;
  const signal = own ? AbortSignal.any([own, halted]) : halted;
  const { notes } = router;
  const key = `barrier:${name}`;
  const turn = (notes.get(key) ?? 0) + 1;
  notes.set(key, turn);
  const here = (): number[] =>
    [...notes.of(key)].filter(([, other]) => other >= turn).map(([nodeId]) => nodeId);
  const missing = (): number[] => {
    const met = new Set(here());
    return router.peers().flatMap(({ nodeId }) => (met.has(nodeId) ? [] : [nodeId]));
  };
  const isMet = (): boolean =>
    nodes === undefined ? missing().length === 0 : here().length + 1 >= nodes;
  if (isMet()) return;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  using _changes = notes.onChange(() => isMet() && resolve());
  using _timer = clock.after(timeoutMs, () => {
    reject(lateError({ name, here: here().length + 1, nodes, missing: missing(), timeoutMs }));
  });
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** A middleware at which all meet on the way forward, and again on the way back. */
export function meetingStep(meet: () => Promise<void>): Middleware<unknown> {
  return async function* barrier() {
    await meet();
    yield;
    await meet();
  };
}

function lateError(facts: {
  name: string;
  here: number;
  nodes: number | undefined;
  missing: number[];
  timeoutMs: number;
}): DingError {
  const { name, here, nodes, missing, timeoutMs } = facts;
  const who = missing.length > 0 ? `${nodesText(missing, "has", "have")} not come` : "";
  const count = nodes === undefined ? "" : `${here} of ${nodes} nodes have come`;
  const told = [count, who].filter((part) => part !== "").join(", ");
  const of = name === "" ? "" : ` "${name}"`;
  return new DingError(
    "wait.timeout",
    `Cannot wait longer at barrier${of}: ${told} within ${timeoutMs} ms`,
    {
      hint: "Look what they wait for, or give them longer with timeoutMs.",
      details: { missing, here },
    },
  );
}
