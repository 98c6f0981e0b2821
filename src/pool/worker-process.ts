import type { Clock } from "../core/clock.ts";
import { DingError, type ErrorRecord } from "../core/errors.ts";
import type { Link } from "../link/link.ts";
import { childLink } from "../link/process.ts";
import { Peer } from "../rpc/peer.ts";
import { Session } from "../rpc/session.ts";
import type { ChildProcess, ProcessExit } from "../runtime/child-process.ts";
import { fairTimer } from "./fair-timer.ts";

/** Exits are what tells of a dead child; it needs no heartbeat. */
const NO_HEARTBEAT = { heartbeatMs: Infinity, toleranceMs: Infinity };

/** A worker begins its next piece of work only when an answer as large as this has arrived. */
const ACK_BYTES = 16 * 1024;

/** So long the last words of a dead worker may take to be read; they are in the pipe already. */
const LAST_WORDS_MS = 100;

/**
 * One child process and the conversation with it.
 *
 *   starting ── ready() ──→ ready ── stop() → stopping ─→ gone
 *       └──────────── exit ────┴──────────────────────────↗
 */
export class WorkerProcess {
  readonly id: string;
  readonly pid: number;
  readonly peer: Peer;
  readonly startedAt: number;
  /** How many tasks it has been given. */
  tasks = 0;
  /** True when it can take work. */
  isReady = false;
  #isStopping = false;
  #isKilledOnPurpose = false;
  readonly #clock: Clock;
  readonly #child: ChildProcess;
  readonly #link: Link;
  readonly #session: Session;
  readonly #gone = Promise.withResolvers<ProcessExit>();
  /** Known as soon as the system tells; its last words may not have been read then. */
  #exited: ProcessExit | undefined;
  #lastWords: Disposable | undefined;
  #exit: ProcessExit | undefined;

  constructor(id: string, child: ChildProcess, clock: Clock) {
    this.id = id;
    this.pid = child.pid;
    this.startedAt = clock.now();
    this.#clock = clock;
    this.#child = child;
    this.#session = new Session({ id, clock, ...NO_HEARTBEAT, ackBytes: ACK_BYTES });
    this.peer = new Peer(this.#session, { call: (call) => call.fail(NO_CALLS) });
    this.#session.listen({
      message: (message) => this.peer.receive(message),
      detached: () => this.#onDetached(),
      ended: () => this.kill(),
    });
    this.#link = childLink(child);
    this.#session.attach(this.#link, 0, Infinity);
    void child.exited.then((exit) => this.#onExit(exit));
  }

  /** Resolves when the process is gone. */
  get gone(): Promise<ProcessExit> {
    return this.#gone.promise;
  }

  get isGone(): boolean {
    return this.#exit !== undefined;
  }

  /** False as soon as nothing can be said to it any more, which may be before it is gone. */
  get isReachable(): boolean {
    return !this.#exit && this.#session.isAttached;
  }

  /** Lets it end by itself: the closed link tells it to. One that still loads has nothing to bring to an end. */
  stop(): void {
    this.#isStopping = true;
    if (!this.isReady) this.kill();
    this.#link.close("stopped");
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Ends a worker that will not give up its task; its death is no crash. */
  killOnPurpose(): void {
    this.#isKilledOnPurpose = true;
    this.kill();
  }

  get isKilledOnPurpose(): boolean {
    return this.#isKilledOnPurpose;
  }

  /** Everything it said has been read; the exit tells more than the closed link does. */
  #onDetached(): void {
    if (this.#exited) this.#onGone(this.#exited);
    else if (!this.#isStopping) this.kill();
  }

  /** What it has answered it has done: nobody may hear first that it is gone. */
  #onExit(exit: ProcessExit): void {
    if (!this.#session.isAttached) return this.#onGone(exit);
    this.#exited = exit;
    this.#lastWords = fairTimer(this.#clock, LAST_WORDS_MS, () => this.#onGone(exit));
  }

  #onGone(exit: ProcessExit): void {
    if (this.#exit) return;
    this.#lastWords?.[Symbol.dispose]();
    this.#exit = exit;
    const error = exitError(exit);
    this.#session.end(error);
    this.peer.end(error.toJSON());
    this.#gone.resolve(exit);
  }
}

/** What a person hears of a dead worker. */
export function exitError({ code, signal, error }: ProcessExit): DingError {
  const ended = signal ? `was killed by ${signal}` : `exited with code ${code ?? "unknown"}`;
  const how = error ? `could not be started: ${error.message}` : ended;
  return new DingError("worker.exited", `The worker process ${how}`, {
    details: { exitCode: code, signal },
    cause: error,
  });
}

const NO_CALLS: ErrorRecord = { code: "network.protocol", message: "A worker only answers" };
