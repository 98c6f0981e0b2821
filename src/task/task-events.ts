import type { Clock } from "../core/clock.ts";
import { DingError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { abortable, within } from "../core/wait.ts";
import type { Handler } from "./channel.ts";
import type { EarlyEvents } from "./early-events.ts";
import { WORDS } from "../protocol/task-mesh.ts";
import { EventHub, type ListenOptions } from "./event-hub.ts";
import { hasMatch } from "./roles.ts";
import type { Ask, RequestOptions, TaskRouter } from "./router.ts";
import type { HandlerErrorPolicy } from "./start-options.ts";
import { waitForEvent, type WaitForOptions, type WaitLimit } from "./wait-for.ts";

/** Where an event goes; default to this node and to all others. */
export interface EmitOptions {
  onlyLocal?: boolean | undefined;
  onlyRemote?: boolean | undefined;
  /** To this node alone, or to those that have such a label: "learner", "collector.*", "node.[1-3]". */
  to?: number | string | undefined;
  /** Nodes that join later get it too: the latest of its name. */
  retain?: boolean | undefined;
}

/** What the events of one start stand on. */
export interface TaskEventsOptions {
  router: TaskRouter;
  early: EarlyEvents;
  eventLimit: number;
  /** Aborts when nobody may wait for an event any more. */
  halted: AbortSignal;
  waitLimit: WaitLimit | undefined;
  policy: (error: unknown, event: string) => HandlerErrorPolicy;
  fail: (error: unknown) => void;
  finish: () => void;
  clock: Clock;
  log: Logger;
}

const SENT = Promise.resolve();
/** The event of this node that tells of handlers that fail. */
const ERROR = "error";
const REQUEST_MS = 30_000;

/** The events of one start of a task: its own, and those of other nodes. */
export class TaskEvents {
  readonly hub: EventHub;
  readonly #options: TaskEventsOptions;
  /** Requests under way. */
  readonly #asked = new Set<(reason: unknown) => void>();
  #isListening = false;

  constructor(options: TaskEventsOptions) {
    this.#options = options;
    this.hub = new EventHub({
      limit: options.eventLimit,
      early: options.early,
      onError: (error, event) => this.#onHandlerError(error, event),
    });
  }

  /** Rejects with what a handler threw, if that is the policy: it is reported in any case. */
  emit(event: string, args: readonly unknown[], options: EmitOptions): Promise<void> {
    const { onlyLocal = false, onlyRemote = false, to } = options;
    const { router } = this.#options;
    try {
      this.#check(event, args, options);
      const isLocal = !onlyRemote && (to === undefined || this.#isMe(to));
      const isRemote = !onlyLocal && router.isActive && to !== router.nodeId;
      // First, for a handler here may change what the others are to hear.
      const remote = isRemote ? this.#emitThere(event, args, options) : undefined;
      const local = isLocal ? this.#emitHere(event, args, remote) : undefined;
      return remote && local ? joined(remote, local) : (remote ?? local ?? SENT);
    } catch (error) {
      return Promise.reject(error as Error);
    }
  }

  /** What the first handler of that name there gives back; rejects with what it throws. */
  request(to: number, ask: Ask, options: RequestOptions): Promise<unknown> {
    const { router, halted } = this.#options;
    checkEvent(ask.method);
    if (halted.aborted) return Promise.reject(halted.reason as Error);
    const here = async (): Promise<unknown> => this.answer(ask);
    const answer =
      to === router.nodeId
        ? abortable(within(here(), options.timeoutMs ?? REQUEST_MS, "answer"), options.signal)
        : router.request(to, ask, options);
    return this.#untilHalted(answer);
  }

  /** Answers a request: the answer, or a promise of it. */
  answer({ method, arg }: Ask): unknown {
    return this.hub.answer(method, arg);
  }

  /** One listener for all that are under way: signals are slow to listen to. */
  #untilHalted(answer: Promise<unknown>): Promise<unknown> {
    if (!this.#isListening) {
      this.#isListening = true;
      this.#options.halted.addEventListener("abort", this.#onHalted, { once: true });
    }
    return new Promise((resolve, reject) => {
      this.#asked.add(reject);
      const settle = (): void => void this.#asked.delete(reject);
      answer.then(
        (value) => {
          settle();
          resolve(value);
        },
        (error: unknown) => {
          settle();
          reject(error);
        },
      );
    });
  }

  readonly #onHalted = (): void => {
    for (const reject of this.#asked) reject(this.#options.halted.reason);
  };

  on(event: string, handler: Handler, options: ListenOptions): () => void {
    checkEvent(event);
    return this.hub.on(event, handler, options);
  }

  waitFor(event: string, options: WaitForOptions): Promise<readonly unknown[] | undefined> {
    const { clock, halted, waitLimit } = this.#options;
    return waitForEvent(this.hub, event, { ...options, clock, halted, waitLimit });
  }

  #emitThere(event: string, args: readonly unknown[], options: EmitOptions): Promise<void> {
    const { router } = this.#options;
    const { to, retain } = options;
    if (typeof to !== "string") return router.emit(event, args, { to, retain });
    const nodes = router.labelled(to);
    if (nodes.length === 0 && !this.#isMe(to)) return Promise.reject(unlabelled(event, to));
    const sent = nodes.map((node) => router.emit(event, args, { to: node, retain }));
    return Promise.all(sent).then(() => {});
  }

  #emitHere(
    event: string,
    args: readonly unknown[],
    remote: Promise<void> | undefined,
  ): Promise<void> | undefined {
    try {
      return this.hub.emit(event, args);
    } catch (error) {
      remote?.catch(() => {}); // the emit rejects with this error, and can do so only once
      throw error;
    }
  }

  #onHandlerError(error: unknown, event: string): void {
    const { log, policy, fail, finish } = this.#options;
    const decided = policy(error, event);
    log.error("A handler of an event failed", { event, error: messageOf(error), policy: decided });
    if (event !== ERROR) this.#tell(error, event);
    if (decided === "finish") finish();
    if (decided !== "throw") return;
    fail(error);
    throw error;
  }

  /** Those who listen to errors; what they throw in turn is reported as that of any handler. */
  #tell(error: unknown, event: string): void {
    try {
      this.hub.emit(ERROR, [error, event])?.catch(() => {});
    } catch {
      // More errors than are handled: they are in the log.
    }
  }

  #check(
    event: string,
    args: readonly unknown[],
    { onlyLocal, onlyRemote, to }: EmitOptions,
  ): void {
    checkEvent(event);
    if (event.startsWith("peer:")) {
      throw invalid(event, "events of peers come from the mesh", "Choose another name.");
    }
    if (!Array.isArray(args)) {
      throw invalid(event, "its arguments are no array", `Write emit("${event}", [value]).`);
    }
    if ((onlyLocal && onlyRemote) || (onlyLocal && to !== undefined && !this.#isMe(to))) {
      throw invalid(event, "it goes nowhere", "Pass onlyLocal, onlyRemote or to, not two of them.");
    }
    if (to === undefined || this.#options.router.isActive || this.#isMe(to)) return;
    if (typeof to === "string") throw unlabelled(event, to);
    throw new DingError("network.unreachable", `Cannot emit event "${event}" to node ${to}`, {
      hint: "This task is in no mesh: start it with more than one worker, or attach it to another.",
    });
  }

  /** Is this node meant? */
  #isMe(to: number | string): boolean {
    const { nodeId, labels } = this.#options.router;
    return typeof to === "string" ? hasMatch([`node.${nodeId}`, ...labels], to) : to === nodeId;
  }
}

function unlabelled(event: string, label: string): DingError {
  const told = `Cannot emit event "${event}" to "${label}": no node has such a label`;
  return new DingError("network.unreachable", told, {
    hint: "task.router.peers() tells who is there, and --labels gives labels to a launch.",
  });
}

function checkEvent(event: string): void {
  if (typeof event === "string" && event !== "" && event !== WORDS) return;
  throw new DingError("usage.invalid-input", "Cannot use event: its name is empty or no text");
}

function invalid(event: string, why: string, hint: string): DingError {
  return new DingError("usage.invalid-input", `Cannot emit event "${event}": ${why}`, { hint });
}

/** Both. An error of the handlers was reported: it need not be caught. One of the mesh was not. */
function joined(remote: Promise<void>, local: Promise<void>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  void Promise.allSettled([remote, local]).then(([sent, handled]) => {
    if (sent.status === "rejected") return reject(sent.reason as Error);
    if (handled.status === "fulfilled") return resolve();
    promise.catch(() => {});
    return reject(handled.reason as Error);
  });
  return promise;
}
