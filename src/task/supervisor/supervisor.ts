import { randomUUID } from "node:crypto";
import { systemClock, type Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { silentLogger, type Logger } from "../../core/log.ts";
import { Service } from "../../core/service.ts";
import type { ChildProcess } from "../../runtime/child-process.ts";
import { spawnSelf } from "../../runtime/self.ts";
import type { Child, ChildSpec, LocalFactory, RestartTerms } from "./child-spec.ts";
import { Inbox } from "./inbox.ts";
import { LocalChild } from "./local-child.ts";
import type { RecvPayload, SendPayload } from "./payloads.ts";
import { ProcessChild } from "./process-child.ts";
import { receiveAll, type ReceiveAllOptions } from "./receive-all.ts";
import { Seat } from "./seat.ts";

/** How a supervisor treats its children. */
export interface SupervisorOptions {
  /** Default five times a minute. */
  restart?: Partial<RestartTerms> | undefined;
  /** How many requests may wait for one child, and answers for whoever receives them; default 10,000. */
  limit?: number | undefined;
  /** How long a child may take to be made; default 60,000. */
  setUpTimeoutMs?: number | undefined;
  /** How long a child may take to end by itself; default 5,000. */
  stopGraceMs?: number | undefined;
  clock?: Clock | undefined;
  log?: Logger | undefined;
  /** Starts the process of a child; for tests and other programs. */
  spawn?: (() => ChildProcess) | undefined;
}

const DEFAULTS = { limit: 10_000, setUpTimeoutMs: 60_000, stopGraceMs: 5_000 };
const MOST_SHARED = 2 ** 40;
const RESTART: RestartTerms = { maxRestarts: 5, periodMs: 60_000 };

/**
 * Objects in processes of their own, called by name. Children are numbered in the order of their registration; each
 * does its requests one after the other, in the order of their sending, and is made again when it dies: the request
 * under way has failed with `worker.exited` then, those that wait go to the next. `start()` makes all children,
 * `close(timeoutMs)` lets them finish what they were asked and end.
 */
export class Supervisor extends Service {
  readonly #options: SupervisorOptions;
  readonly #seats: Seat[] = [];
  readonly #inbox = new Inbox();
  /** What those who wait for several answers have still to get. */
  readonly #claims = new Set<ReadonlyMap<string, SendPayload>>();

  constructor(options: SupervisorOptions = {}) {
    super();
    this.#options = options;
  }

  /** Number of children. */
  get size(): number {
    return this.#seats.length;
  }

  /** A child more, before the start; gives its number. A function makes an object in this very process. */
  register(child: ChildSpec | LocalFactory): number {
    if (this.state !== "idle") {
      throw new DingError("state.invalid", `Cannot register a child: state is "${this.state}"`, {
        hint: "Register all children before start().",
      });
    }
    if (typeof child === "object") checkShared(child.sharedBytes);
    const procId = this.#seats.length;
    const { limit = DEFAULTS.limit, restart, clock = systemClock, log } = this.#options;
    this.#seats.push(
      new Seat({
        procId,
        make: () => this.#make(child, procId),
        restart: { ...RESTART, ...restart },
        limit,
        clock,
        log: log ?? silentLogger,
      }),
    );
    return procId;
  }

  /** `start()`, as the ancestor has it. */
  startLink(): Promise<this> {
    return this.start();
  }

  /** `close()`, as the ancestor has it. */
  shutdown(timeoutMs?: number): Promise<void> {
    return this.close(timeoutMs);
  }

  /** Asks a child to call a method; throws `queue.full`, and `usage.invalid-input` for a child or an id that cannot be. */
  send(request: Omit<SendPayload, "reqId" | "args"> & Partial<SendPayload>): SendPayload {
    const payload = { args: [], reqId: randomUUID(), ...request };
    const { method, args } = payload;
    this.#ask(payload, (child) => child.call(method, args));
    return payload;
  }

  /**
   * The next answer of any child that nobody waits for by name. Rejects with its error, unless `ignoreErr`, and with
   * `wait.timeout`.
   */
  async recv(
    options: { ignoreErr?: boolean | undefined; timeoutMs?: number | undefined } = {},
  ): Promise<RecvPayload> {
    const isFree = (reqId: string): boolean => ![...this.#claims].some((claim) => claim.has(reqId));
    const payload = await this.#inbox.take(isFree, options.timeoutMs);
    if (payload.err && !options.ignoreErr) throw payload.err;
    return payload;
  }

  /** The answers to these requests, in their order. */
  async recvAll(
    requests: readonly SendPayload[],
    options: ReceiveAllOptions = {},
  ): Promise<RecvPayload[]> {
    return await receiveAll({ inbox: this.#inbox, claims: this.#claims }, requests, options);
  }

  /** Calls a method of one child, and gives what it returns. */
  async request(procId: number, method: string, ...args: unknown[]): Promise<unknown> {
    const [answer] = await this.recvAll([this.send({ procId, method, args })]);
    return answer?.data;
  }

  /** Calls a method of all children, and gives what they return, in their order. */
  async broadcast(method: string, ...args: unknown[]): Promise<unknown[]> {
    const sent = this.#seats.map((_, procId) => this.send({ procId, method, args }));
    if (sent.length === 0) return [];
    return (await this.recvAll(sent)).map(({ data }) => data);
  }

  /** A field of a child's object. */
  async getChildAttr(procId: number, name: string): Promise<unknown> {
    const payload = { procId, method: name, args: [], reqId: randomUUID() };
    this.#ask(payload, (child) => child.attribute(name));
    const [answer] = await this.recvAll([payload]);
    return answer?.data;
  }

  /** Ends a child, whatever it does, and makes it anew; resolves when it is ready. */
  async restart(procId: number): Promise<void> {
    await this.#seat(procId).restart();
  }

  protected override async onStart(resources: AsyncDisposableStack): Promise<void> {
    resources.defer(async () => {
      await Promise.all(this.#seats.map((seat) => seat.kill()));
      this.#inbox.end(
        new DingError("service.stopping", "Cannot receive: the supervisor has stopped"),
      );
    });
    await Promise.all(this.#seats.map((seat) => seat.open()));
  }

  protected override async onDrain(deadline: AbortSignal): Promise<void> {
    const late = Promise.withResolvers<void>();
    deadline.addEventListener("abort", () => late.resolve(), { once: true });
    await Promise.race([Promise.all(this.#seats.map((seat) => seat.close())), late.promise]);
  }

  #make(child: ChildSpec | LocalFactory, procId: number): Child {
    if (typeof child === "function") return new LocalChild(child);
    const { setUpTimeoutMs, stopGraceMs, clock = systemClock, spawn } = this.#options;
    return new ProcessChild({
      id: `child ${procId}`,
      spec: child,
      spawn: spawn ?? (() => spawnSelf(["_worker", "supervised"])),
      setUpTimeoutMs: setUpTimeoutMs ?? DEFAULTS.setUpTimeoutMs,
      stopGraceMs: stopGraceMs ?? DEFAULTS.stopGraceMs,
      clock,
    });
  }

  #ask(payload: SendPayload, ask: (child: Child) => Promise<unknown>): void {
    if (this.state !== "running") {
      throw new DingError("state.invalid", `Cannot send: state is "${this.state}"`, {
        hint: "Call start() first, and nothing after close().",
      });
    }
    const { limit = DEFAULTS.limit } = this.#options;
    if (this.#inbox.size >= limit * this.#seats.length) {
      const text = `Cannot send: ${this.#inbox.size} answers wait`;
      throw new DingError("queue.full", text, { hint: "Receive the answers first." });
    }
    const seat = this.#seat(payload.procId);
    const answer = (reply: RecvPayload): void => this.#inbox.put(reply);
    this.#inbox.expect(payload.reqId);
    try {
      seat.ask({ payload, ask, answer });
    } catch (error) {
      this.#inbox.forget(payload.reqId);
      throw error;
    }
  }

  #seat(procId: number): Seat {
    const seat = this.#seats[procId];
    if (seat) return seat;
    throw new DingError("usage.invalid-input", `Cannot ask child ${procId}: there is none`, {
      hint: `Children are 0 to ${this.#seats.length - 1}.`,
    });
  }
}

function checkShared(bytes: number | undefined): void {
  if (bytes === undefined || (Number.isInteger(bytes) && bytes > 0 && bytes <= MOST_SHARED)) return;
  throw new DingError("usage.invalid-option", `Cannot use sharedBytes ${bytes}`, {
    hint: "Give a whole number of bytes, as many as the arrays of a result have.",
  });
}
