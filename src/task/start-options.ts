import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Context } from "./context.ts";
import type { TaskRouter } from "./router.ts";
import type { WaitLimit } from "./wait-for.ts";

/** What a handler's error does besides being logged: fails the task, nothing, or lets it finish. */
export type HandlerErrorPolicy = "throw" | "log" | "finish";

/** How a task starts. */
export interface StartOptions<C extends Context = Context> {
  /** The middlewares of a step run side by side; default one after the other. */
  asyncMode?: boolean;
  /** So many at a time, there and in `parallel`; default 3. */
  workers?: number;
  /** The context of the first step; default a bare one. */
  ctx?: C;
  labels?: string | Iterable<string>;
  /** Default "throw": the emit and the run reject with it. A function decides for each error. */
  onHandlerError?:
    | HandlerErrorPolicy
    | ((error: unknown, event: string) => HandlerErrorPolicy)
    | undefined;
  /** When another node crashes; default "continue". */
  onPeerCrash?: "continue" | "finish";
  /** So many events of one name may wait for their handlers; default 10,000. */
  eventLimit?: number;
  /** What the numbers of `random()` come from: a whole number; default that of the launch. */
  seed?: number | undefined;
}

/** What a task stands on. */
export interface TaskOptions {
  /** The mesh it is in; default none. */
  router?: TaskRouter;
  clock?: Clock;
  log?: Logger;
  /** How many runs of this node have ended in good order before; a run that is repeated after a crash counts once. */
  run?: number;
  /** How long what does not end is waited for, after a failure and in `stop()`; default 5,000. */
  graceMs?: number;
  /** What a start does when another node crashes, if it does not say so itself; default "continue". */
  onPeerCrash?: "continue" | "finish";
  /** What the numbers of `random()` come from, if a start does not say so itself; default one by chance. */
  seed?: number;
  /** For waits for events that have no limit of their own; default none. */
  waitLimit?: WaitLimit | undefined;
  /** Hears an error that no `run()` is there to tell of. */
  onFailure?: (error: unknown) => void;
}
