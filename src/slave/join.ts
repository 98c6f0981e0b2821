import { hostname } from "node:os";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { backoffMs } from "../core/retry.ts";
import { delay } from "../core/wait.ts";
import type { Link } from "../link/link.ts";
import { dialLink } from "../link/websocket.ts";
import { JOIN_PATH } from "../protocol/task-session.ts";
import type { ClientTls } from "../runtime/web-socket.ts";

/** What a slave that dials a master needs. */
export interface JoinOptions {
  /** HOST:PORT */
  master: string;
  name: string;
  boot: string;
  channel: number;
  token: string | undefined;
  tls: ClientTls | undefined;
  log: Logger;
  /** Takes the fresh link, on which the master speaks first; tells whether that came to a session. */
  accept: (link: Link) => Promise<boolean>;
  signal: AbortSignal;
}

const DIAL_TIMEOUT_MS = 5_000;
const REDIAL = { minMs: 100, maxMs: 5_000, jitter: 0.3 };

/** Keeps a link to a master open until the signal aborts: dials, and dials again whenever it breaks. */
export async function keepJoined(options: JoinOptions): Promise<void> {
  const { master, name, boot, channel, token, tls, log, accept, signal } = options;
  const query = new URLSearchParams({ name: name || hostname(), boot, channel: String(channel) });
  const url = `${tls ? "wss" : "ws"}://${master}${JOIN_PATH}?${query}`;
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  let lastProblem = "";
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const link = await dialLink(url, { headers, tls, timeoutMs: DIAL_TIMEOUT_MS, signal });
      let isWanted = false;
      void accept(link).then((hasSession) => {
        isWanted = hasSession;
        if (hasSession) log.info(`joined master ${master}`);
      });
      lastProblem = "";
      await Promise.race([link.closed, aborted(signal)]);
      // A master that only hangs up is not asked ten times a second.
      if (isWanted) attempt = 0;
    } catch (thrown) {
      if (signal.aborted) return;
      // A master that is away for a night is told of once, not at every try.
      const { message, hint } = problemOf(DingError.from(thrown), token !== undefined);
      if (message !== lastProblem) log.warn(`cannot join master ${master}: ${message}`, { hint });
      lastProblem = message;
    }
    await delay(attempt === 0 ? REDIAL.minMs : backoffMs(REDIAL, attempt), signal).catch(() => {});
  }
}

/** A WebSocket that is refused knows the status alone. */
function problemOf(
  error: DingError,
  hasToken: boolean,
): { message: string; hint?: string | undefined } {
  const { status } = error.details;
  if (status !== 401 && status !== 403) return error;
  return {
    message: hasToken ? "it does not know this token" : "it asks for a token",
    hint: "Pass the master's token: --token-file FILE, or DING_TOKEN in the environment.",
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
