import type { Clock } from "../core/clock.ts";
import { DingError, NetworkError } from "../core/errors.ts";
import { newId } from "../core/id.ts";
import { backoffMs } from "../core/retry.ts";
import { abortable, delay } from "../core/wait.ts";
import type { Link } from "../link/link.ts";
import { exchangeHello, type Welcome } from "./handshake.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";
import type { Message } from "./message.ts";
import { Session } from "./session.ts";

/** Who hears what happens to a dialled session. */
export interface DialEvents {
  message(message: Message): void;
  /** The link broke and is being mended; nothing is lost yet. */
  interrupted?(): void;
  resumed?(): void;
  /** Once. The error says why, and is undefined when this end closed it. */
  ended(error: DingError | undefined): void;
}

/** How a session is dialled. */
export interface DialSessionOptions extends HeartbeatOptions {
  clock: Clock;
  /** What the acceptor decides on. */
  hello: unknown;
  /** For a link to open. */
  connectTimeoutMs: number;
  /** For the other end to decide on a new session: a person's hook, or a plugin that loads, may take its time. */
  answerTimeoutMs?: number;
  /** Opens a link; called again after each break. */
  openLink: (signal: AbortSignal) => Promise<Link>;
  signal?: AbortSignal | undefined;
}

/** An open session and what the other end said when it opened. */
export interface DialledSession {
  session: Session;
  welcome: unknown;
}

const ANSWER_TIMEOUT_MS = 30_000;
/** A link that has stood so long was a good one. */
const LIVED_MS = 1_000;
const REDIAL = { minMs: 20, maxMs: 1_000, jitter: 0.5 };

/**
 * Opens a session, and keeps it open: when its link closes it dials again at
 * once. The other end refuses, is another process by now, or nobody listens
 * there: the session has ended, within milliseconds. The same process answers:
 * it goes on, nothing lost. Silence: it ends after the tolerance.
 */
export async function dialSession(
  options: DialSessionOptions,
  listen: (session: Session) => DialEvents,
): Promise<DialledSession> {
  const { clock, connectTimeoutMs, toleranceMs, answerTimeoutMs = ANSWER_TIMEOUT_MS } = options;
  const ending = new AbortController();
  const session = new Session({ ...options, id: newId() });
  const dialOnce = async (resume: boolean, timeoutMs: number): Promise<[Link, Welcome]> => {
    const late = new AbortController();
    // Coming back must not take longer than the silence that is borne; a first answer may.
    const onLate = (): void => late.abort(silenceError(timeoutMs));
    using _limit = resume ? clock.after(timeoutMs, onLate) : undefined;
    const asked = options.signal && !resume ? [options.signal] : [];
    const signal = AbortSignal.any([ending.signal, late.signal, ...asked]);
    const link = await options.openLink(signal);
    const greeting = {
      session: session.id,
      resume,
      received: session.received,
      toleranceMs,
      data: options.hello,
    };
    const welcome = exchangeHello(link, greeting, { clock, timeoutMs });
    welcome.catch(() => {}); // an abort may be told in its place
    try {
      return [link, await abortable(welcome, signal)];
    } catch (thrown) {
      if (signal.aborted) link.terminate();
      throw thrown;
    }
  };

  const [link, { boot, data, ...first }] = await dialOnce(false, answerTimeoutMs);
  const events = listen(session);

  // A link that breaks as soon as it stands is no success: the dials count on until something gets through.
  let attempt = 0;
  let mark = { at: clock.now(), progress: session.progress };
  let progressAt = mark.at;
  const redial = async (): Promise<void> => {
    const livedMs = clock.now() - mark.at;
    if (livedMs >= Math.min(LIVED_MS, toleranceMs / 4) || session.progress > mark.progress) {
      attempt = 0;
      progressAt = session.heard;
    }
    const deadline = progressAt + toleranceMs;
    for (; !session.isEnded; attempt++) {
      if (attempt > 0) {
        const pauseMs = Math.max(0, Math.min(deadline - clock.now(), backoffMs(REDIAL, attempt)));
        await delay(pauseMs, ending.signal).catch(() => {});
        if (session.isEnded) return;
      }
      const leftMs = deadline - clock.now();
      if (leftMs <= 0) return session.end(silenceError(toleranceMs));
      try {
        const [next, answer] = await dialOnce(true, Math.min(leftMs, connectTimeoutMs));
        mark = { at: clock.now(), progress: session.progress };
        attempt += 1;
        if (answer.boot === boot && session.attach(next, answer.received, answer.toleranceMs)) {
          if (session.isAttached) events.resumed?.();
          return;
        }
        next.terminate();
        return session.end(restartedError());
      } catch (thrown) {
        const error = DingError.from(thrown);
        if (isFinal(error)) return session.end(error);
      }
    }
  };

  session.listen({
    message: (message) => events.message(message),
    detached(reason) {
      if (reason === "silent") return session.end(silenceError(toleranceMs));
      events.interrupted?.();
      void redial();
    },
    ended(error) {
      ending.abort(error ?? new DingError("service.stopping", "The session has ended"));
      events.ended(error);
    },
  });
  if (!session.attach(link, first.received, first.toleranceMs)) {
    link.terminate();
    const error = new NetworkError(
      "network.protocol",
      "Cannot open session: the other end says that it goes on already",
    );
    session.end(error);
    throw error;
  }
  return { session, welcome: data };
}

/** Nobody listens there any more, something else does, or the other end said no: trying again cannot mend it. */
function isFinal({ code, details }: DingError): boolean {
  const { status } = details;
  // A proxy's 502 only says that the other end is away, and so does a connection that is cut at once.
  const isOtherProgram =
    details["isOtherProtocol"] === true || (typeof status === "number" && status < 500);
  return code === "network.refused" || details["refused"] === true || isOtherProgram;
}

function silenceError(toleranceMs: number): DingError {
  return new NetworkError(
    "network.timeout",
    `Nothing heard from the other end for ${toleranceMs} ms`,
  );
}

function restartedError(): DingError {
  return new NetworkError("network.closed", "The other end is another process by now");
}
