import type { Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Link } from "../link/link.ts";
import { msgpack } from "../protocol/codec.ts";
import { SESSION_METHODS, sessionHello, TASK_EVENTS } from "../protocol/task-session.ts";
import { SessionAcceptor, type Admission } from "../rpc/accept.ts";
import type { Hello } from "../rpc/handshake.ts";
import type { HeartbeatOptions } from "../rpc/heartbeat.ts";
import { Peer, type IncomingCall } from "../rpc/peer.ts";
import type { Session } from "../rpc/session.ts";
import { HeldWords } from "./held-words.ts";
import { refuse } from "./refuse.ts";
import type { Occupant, Seat } from "./seat.ts";
import { SessionTask, type Pace } from "./session-task.ts";
import type { Tasks } from "./tasks.ts";

/** What the session dialect of a slave stands on. */
export interface SessionFaceOptions extends HeartbeatOptions {
  boot: string;
  channel: number;
  resumeMs: number;
  seat: Seat;
  tasks: Tasks;
  clock: Clock;
  log: Logger;
  isStopping: () => boolean;
  /** What a master is told when it has connected. */
  facts: () => Record<string, unknown>;
  /** The master is gone without a goodbye. */
  onLost: (address: string, error: DingError) => void;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;

const LONGEST_TASK_ID = 128;

/** From here on a master hears only the newest progress of each task. */
const CROWDED = { bytes: 4 * 1024 * 1024, messages: 4_096 };

/** The slave's side of the session dialect: masters that are ding too. */
export class SessionFace implements AsyncDisposable {
  readonly #options: SessionFaceOptions;
  readonly #acceptor: SessionAcceptor;
  readonly #sessions = new Set<Session>();
  readonly #masters = new Map<Session, SessionMaster>();
  /** Of masters that were dialled: their links know a URL. */
  readonly #addresses = new WeakMap<Link, string>();
  /** By address, why the last link to a master that was dialled came to nothing. */
  readonly #problems = new Map<string, string>();

  constructor(options: SessionFaceOptions) {
    this.#options = options;
    this.#acceptor = new SessionAcceptor({
      ...options,
      handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      admit: (hello, link) => this.#admit(hello, link),
      onRejected: (link, { message }) => this.#tellProblem(link, message),
    });
  }

  /** Feed it every fresh link, and `address` if the master was dialled; tells whether it came to a session. */
  accept(link: Link, address?: string): Promise<boolean> {
    if (address !== undefined) this.#addresses.set(link, address);
    return this.#acceptor.accept(link);
  }

  /** Resolves when masters have every result that was sent to them. */
  async delivered(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.delivered()));
  }

  /** Tells every master that has tasks here that the slave is to stop. */
  leaving(): void {
    for (const master of this.#masters.values()) master.leaving();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#acceptor[Symbol.dispose]();
  }

  #addressOf(link: Link): string {
    return this.#addresses.get(link) ?? link.peer;
  }

  /** A master that turns this slave away is told of once, not whenever it is dialled again. */
  #tellProblem(link: Link, message: string): void {
    const dialled = this.#addresses.get(link);
    if (dialled !== undefined) {
      if (this.#problems.get(dialled) === message) return;
      this.#problems.set(dialled, message);
    }
    this.#options.log.warn(`connection with ${this.#addressOf(link)} came to nothing: ${message}`);
  }

  async #admit(hello: Hello, link: Link): Promise<Admission> {
    const { channel, seat, isStopping, facts } = this.#options;
    if (isStopping()) throw refuse("SYSTEM_SHUTTING_DOWN");
    const asked = sessionHello.safeParse(hello.data);
    if (!asked.success) throw refuse("CHANNEL_NOT_FOUND");
    if (asked.data.channel !== channel) throw refuse("CHANNEL_INVALID");
    const master = new SessionMaster(this.#addressOf(link), this.#options);
    await seat.take(master, asked.data.data);
    return {
      welcome: facts(),
      listen: (session) => {
        const peer = master.open(session);
        this.#problems.delete(master.address);
        this.#sessions.add(session);
        this.#masters.set(session, master);
        return {
          message: (message) => peer.receive(message),
          detached: (reason) => master.onDetached(reason),
          ended: (error) => {
            this.#sessions.delete(session);
            this.#masters.delete(session);
            master.onEnded(error);
          },
        };
      },
    };
  }
}

/** One master that is connected by a session. */
class SessionMaster implements Occupant {
  readonly kind = "session";
  readonly address: string;
  readonly #options: SessionFaceOptions;
  readonly #tasks = new Set<SessionTask>();
  readonly #pace: Pace = { lastMs: Infinity };
  readonly #held: HeldWords;
  #session: Session | undefined;
  #peer: Peer | undefined;
  /** It has disconnected: nothing is kept for it. */
  #hasLeft = false;

  constructor(address: string, options: SessionFaceOptions) {
    this.address = address;
    this.#options = options;
    this.#held = new HeldWords(options.clock);
  }

  open(session: Session): Peer {
    this.#session = session;
    this.#peer = new Peer(session, { call: (call) => this.#onCall(call) });
    this.#options.log.info(`master ${this.address} connected`);
    return this.#peer;
  }

  readonly #onTaskEnded = (task: SessionTask): void => void this.#tasks.delete(task);

  readonly #isCrowded = (): boolean => this.#session?.hasAtMost(CROWDED) === false;

  leaving(): void {
    for (const task of this.#tasks) task.leaving();
  }

  isAway(): boolean {
    return this.#session !== undefined && !this.#session.isAttached;
  }

  evict(): void {
    this.#session?.end(new DingError("peer.refused", "Another master has taken the slave"));
  }

  onDetached(reason: string): void {
    const { log, resumeMs } = this.#options;
    if (this.#hasLeft) return this.#session?.end();
    log.warn(`connection to master ${this.address} broke (${reason})`, { keptForMs: resumeMs });
  }

  onEnded(error: DingError | undefined): void {
    const { seat, tasks, log, onLost } = this.#options;
    this.#held.drop();
    this.#peer?.end({ code: "network.closed", message: "The session has ended" });
    if (!seat.vacate(this)) return;
    const cancelled = tasks.cancelAll();
    if (!error || error.details["goodbye"] === true) {
      log.info(`master ${this.address} left`, { cancelled });
      return;
    }
    log.warn(`master ${this.address} is lost: ${error.message}`, { cancelled });
    onLost(this.address, error);
  }

  #onCall(call: IncomingCall): void {
    if (call.method === SESSION_METHODS.TASK) return this.#onTask(call);
    if (call.method === SESSION_METHODS.DISCONNECT) return void this.#onDisconnect(call);
    call.fail({
      code: "network.protocol",
      message: `Cannot call "${call.method}": no such method`,
    });
  }

  #onTask(call: IncomingCall): void {
    const { seat, tasks, clock, isStopping } = this.#options;
    if (!isTaskMeta(call.meta)) {
      return call.fail({ code: "network.protocol", message: "Cannot read task" });
    }
    if (isStopping()) return call.fail(refuse("SYSTEM_SHUTTING_DOWN").toJSON());
    // It has disconnected, and the slave may be another master's by now.
    if (seat.occupant !== this) return call.fail(refuse("MASTER_TOKEN_INVALID").toJSON());
    const [id, attempt] = call.meta;
    call.onCancel = () => tasks.cancel(id, attempt);
    const task = new SessionTask(call, {
      pace: this.#pace,
      held: this.#held,
      clock,
      isCrowded: this.#isCrowded,
      ended: this.#onTaskEnded,
    });
    this.#tasks.add(task);
    const admission = tasks.submit({ id, attempt, data: call.body }, task);
    if (admission !== "queue" && admission !== "run") this.#tasks.delete(task);
    if (admission === "queue") call.event(TASK_EVENTS.QUEUED);
    else if (admission !== "run")
      call.fail(refuse("TASK_ALREADY_EXIST", { reason: admission }).toJSON());
  }

  async #onDisconnect(call: IncomingCall): Promise<void> {
    const { seat, tasks, log } = this.#options;
    try {
      const isLast = await seat.leave(this, call.body ? msgpack.decode(call.body) : {});
      // Lost while the hook ran: what is here now is another master's.
      const cancelled = isLast ? tasks.cancelAll() : 0;
      log.info(`master ${this.address} disconnected`, { cancelled });
      this.#hasLeft = true;
      call.reply();
    } catch (thrown) {
      call.fail(DingError.from(thrown).toJSON());
    }
  }
}

/** By hand: for the smallest tasks a schema would be a tenth of the work. */
function isTaskMeta(meta: unknown): meta is [id: string, attempt: number] {
  if (!Array.isArray(meta)) return false;
  const [id, attempt] = meta as unknown[];
  const isId = typeof id === "string" && id.length > 0 && id.length <= LONGEST_TASK_ID;
  return isId && Number.isSafeInteger(attempt) && (attempt as number) >= 1;
}
