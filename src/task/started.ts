import type { Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { delay } from "../core/wait.ts";
import type { Random } from "../replay/random.ts";
import { chanceOf } from "./chance.ts";
import { Context } from "./context.ts";
import type { EarlyEvents } from "./early-events.ts";
import { listOf } from "./list-of.ts";
import { Program } from "./program.ts";
import { labelsOf, type Role } from "./roles.ts";
import type { TaskRouter } from "./router.ts";
import type { HandlerErrorPolicy, StartOptions } from "./start-options.ts";
import { TaskEvents } from "./task-events.ts";
import type { WaitLimit } from "./wait-for.ts";

const WORKERS = 3;
/** So many names a line of the log has. */
const MOST_NAMES = 5;
const EVENT_LIMIT = 10_000;
const EARLY_MS = 5_000;
const POLICIES: readonly HandlerErrorPolicy[] = ["throw", "log", "finish"];

/** All that one start of a task has, and the next has anew. */
export interface Started<C extends Context> {
  readonly program: Program<C>;
  readonly events: TaskEvents;
  readonly roles: Set<Role>;
  readonly labels: ReadonlySet<string>;
  readonly onPeerCrash: "continue" | "finish";
  readonly seed: number;
  readonly random: Random;
}

/** What a start stands on. */
export interface Ground {
  router: TaskRouter;
  early: EarlyEvents;
  graceMs: number;
  onPeerCrash: "continue" | "finish";
  seed: number;
  waitLimit: WaitLimit | undefined;
  clock: Clock;
  log: Logger;
  /** It has failed while no `run()` was there to tell. */
  onFailure: (error: unknown) => void;
}

/** Makes it; from now on events wait 5 s for their first listener. */
export function newStart<C extends Context>(options: StartOptions<C>, ground: Ground): Started<C> {
  const { asyncMode: isAsync = false, workers = WORKERS, ctx = new Context() as C } = options;
  const { onHandlerError = "throw", onPeerCrash = ground.onPeerCrash, labels: own } = options;
  if (!(Number.isInteger(workers) && workers > 0)) {
    throw new DingError("usage.invalid-option", `Cannot start task with ${workers} workers`);
  }
  if (typeof onHandlerError !== "function" && !POLICIES.includes(onHandlerError)) {
    const told = `Cannot start task with onHandlerError "${String(onHandlerError)}"`;
    throw new DingError("usage.invalid-option", told, { hint: `Pass ${POLICIES.join(", ")}.` });
  }
  const { router, early, clock, log } = ground;
  const { seed = ground.seed } = options;
  const random = chanceOf(seed, router.nodeId);
  const program = new Program<C>({ ...ground, isAsync, workers, ctx });
  const events = new TaskEvents({
    ...ground,
    eventLimit: options.eventLimit ?? EVENT_LIMIT,
    halted: program.halted,
    policy: typeof onHandlerError === "function" ? onHandlerError : () => onHandlerError,
    fail: (error) => program.fail(error),
    finish: () => void (program.finish = true),
  });
  early.closeAfter(EARLY_MS, clock, (unheard, names) => {
    const facts = { unheard, events: names.slice(0, MOST_NAMES).join(",") };
    if (unheard > 0) log.info("Nobody listened to events of the first seconds", facts);
  });
  const node = router.isActive ? router : undefined;
  return {
    program,
    events,
    roles: new Set(),
    labels: labelsOf({ isAsync, node, own: listOf(own) }),
    onPeerCrash,
    seed,
    random,
  };
}

/** Ends it; resolves when no handler is under way any more, or after `graceMs`. */
export async function endStart<C extends Context>(
  { program, events }: Started<C>,
  graceMs: number,
): Promise<void> {
  program.stop();
  const ended = new AbortController();
  const grace = delay(graceMs, ended.signal).catch(() => {});
  await Promise.race([events.hub.idle(), grace]);
  ended.abort();
}
