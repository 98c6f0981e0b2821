import type { Clock } from "../core/clock.ts";
import { DingError, NetworkError } from "../core/errors.ts";
import type { Link } from "../link/link.ts";
import { keepWaiting, receiveHello, sendRefusal, sendWelcome, type Hello } from "./handshake.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";
import { part } from "./part.ts";
import { Session, type SessionEvents } from "./session.ts";

/** What the owner answers to a new session: what to say back, and who listens to it. */
export interface Admission {
  welcome: unknown;
  listen: (session: Session) => SessionEvents;
}

/** How sessions are accepted. */
export interface AcceptOptions extends HeartbeatOptions {
  clock: Clock;
  /** Names this process; a peer that finds another one knows that the session is gone. */
  boot: string;
  handshakeTimeoutMs: number;
  /** How long a session without a link is kept for its peer to come back. */
  resumeMs: number;
  /** Decides on a new session; throws or rejects with the refusal. */
  admit: (hello: Hello, link: Link) => Promise<Admission>;
  /** A link came to nothing: no hello, another protocol, refused. */
  onRejected?: (link: Link, error: DingError) => void;
}

/** So many links may be open without a HELLO. */
const MOST_SILENT = 64;

/**
 * The accepting end of sessions: admits new ones, gives a returning peer its
 * old one back, and ends those whose peer stays away for `resumeMs`.
 */
export class SessionAcceptor implements Disposable {
  readonly #options: AcceptOptions;
  readonly #sessions = new Map<string, Session>();
  /** Links that have not come to a session yet. */
  readonly #fresh = new Set<Link>();
  /** Those of them that have not said HELLO, the oldest first. */
  readonly #silent = new Set<Link>();
  #isClosed = false;

  constructor(options: AcceptOptions) {
    this.#options = options;
  }

  /**
   * Feed it every fresh link; tells whether it came to a session. Never throws:
   * a peer that cannot be talked to is its own loss.
   */
  async accept(link: Link): Promise<boolean> {
    const { clock, onRejected } = this.#options;
    this.#fresh.add(link);
    try {
      const hello = await this.#receiveHello(link);
      if (hello.resume) this.#resume(link, hello);
      else await this.#open(link, hello);
      return true;
    } catch (thrown) {
      const error = DingError.from(thrown);
      onRejected?.(link, error);
      if (!link.isClosed) sendRefusal(link, error.toJSON(), clock);
      return false;
    } finally {
      this.#fresh.delete(link);
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const link of this.#fresh) part(link, "shutting down", this.#options.clock);
    for (const session of this.#sessions.values()) session.end();
  }

  /** Whoever opens links and says nothing cannot keep more of them than a few. */
  async #receiveHello(link: Link): Promise<Hello> {
    const { clock, handshakeTimeoutMs } = this.#options;
    const [oldest] = this.#silent;
    if (oldest && this.#silent.size >= MOST_SILENT) {
      this.#silent.delete(oldest);
      oldest.terminate();
    }
    this.#silent.add(link);
    try {
      return await receiveHello(link, clock, handshakeTimeoutMs);
    } finally {
      this.#silent.delete(link);
    }
  }

  #resume(link: Link, hello: Hello): void {
    const session = this.#sessions.get(hello.session);
    if (!session) {
      throw new NetworkError("network.closed", "Cannot resume session: it is not known here");
    }
    this.#welcome(link, session, undefined);
    if (!session.attach(link, hello.received, hello.toleranceMs)) {
      session.end(new NetworkError("network.protocol", "Cannot resume session: counts differ"));
      link.terminate();
    }
  }

  async #open(link: Link, hello: Hello): Promise<void> {
    if (this.#sessions.has(hello.session)) {
      throw new NetworkError("network.protocol", "Cannot open session: it is open already");
    }
    const { clock, resumeMs } = this.#options;
    const session = new Session({ ...this.#options, id: hello.session });
    const { welcome, listen } = await this.#admit(hello, link);
    const events = listen(session);
    let resumeTimer: Disposable | undefined;
    session.listen({
      message: (message) => events.message(message),
      detached(reason) {
        resumeTimer?.[Symbol.dispose]();
        resumeTimer = clock.after(resumeMs, () => {
          if (!session.isAttached) session.end(stayedAway(resumeMs));
        });
        events.detached(reason);
      },
      ended: (error) => {
        resumeTimer?.[Symbol.dispose]();
        this.#sessions.delete(session.id);
        events.ended(error);
      },
    });
    // The owner may have ended while it asked whoever decides.
    if (this.#isClosed) {
      session.end();
      throw new DingError("service.stopping", "Cannot open session: this end is shutting down");
    }
    if (link.isClosed) {
      // Gone before it was welcomed: it does not know of a session to come back to.
      session.end(new NetworkError("network.closed", "The other end left before it was answered"));
      return;
    }
    this.#sessions.set(session.id, session);
    try {
      this.#welcome(link, session, welcome);
    } catch (thrown) {
      session.end(DingError.from(thrown));
      throw thrown;
    }
    // Whoever was told of it may have ended it already.
    if (session.attach(link, 0, hello.toleranceMs)) return;
    this.#sessions.delete(session.id);
    link.terminate();
  }

  /** Whoever decides may have to wait for something: a plugin that is still loading, a hook. */
  async #admit(hello: Hello, link: Link): Promise<Admission> {
    using _alive = keepWaiting(link, this.#options.clock);
    return await this.#options.admit(hello, link);
  }

  #welcome(link: Link, session: Session, data: unknown): void {
    const { boot, toleranceMs } = this.#options;
    sendWelcome(link, { boot, received: session.received, toleranceMs, data });
  }
}

function stayedAway(resumeMs: number): DingError {
  return new NetworkError("network.closed", `The other end did not come back in ${resumeMs} ms`);
}
