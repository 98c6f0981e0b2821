import { systemClock } from "../../core/clock.ts";
import { DingError, NetworkError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs } from "../../core/retry.ts";
import { delay } from "../../core/wait.ts";
import { dialLink } from "../../link/websocket.ts";
import { dialSession } from "../../rpc/dial.ts";
import { Peer, type IncomingCall } from "../../rpc/peer.ts";
import { type LinkPort, type LinkTarget, linkTimes } from "./worker-link.ts";

/** What happens on a worker's end of the link. */
export interface WorkerLinkEvents {
  /** The coordinator calls: a notice of new weights, say. */
  call: (call: IncomingCall) => void;
  /** Once, unless this end closed it: the coordinator is gone, or has given the attempt up. */
  lost: (error: DingError) => void;
}

/** A worker's end of the link; it mends broken sockets by itself. */
export interface WorkerLink extends LinkPort {
  close(): void;
}

const CONNECT_TIMEOUT_MS = 10_000;

const TRIES = 5;
const REDIAL = { minMs: 50, maxMs: 1_000, jitter: 0.5 };

/**
 * Opens the link of one attempt; rejects when there is no coordinator, or it does not know the ticket. A network that
 * breaks while it opens is tried again, a few times.
 */
export async function dialWorkerLink(
  target: LinkTarget,
  events: WorkerLinkEvents,
  tools: { log: Logger; signal: AbortSignal },
): Promise<WorkerLink> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dialOnce(target, events, tools);
    } catch (thrown) {
      const mayPass = thrown instanceof NetworkError && !tools.signal.aborted;
      if (!mayPass || attempt === TRIES) throw thrown;
      await delay(backoffMs(REDIAL, attempt), tools.signal);
    }
  }
}

async function dialOnce(
  { url, ticket, token, ca, toleranceMs }: LinkTarget,
  events: WorkerLinkEvents,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<WorkerLink> {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const tls = ca === undefined ? undefined : { ca };
  const opened = Promise.withResolvers<Peer>();
  let isClosed = false;
  const { session } = await dialSession(
    {
      ...linkTimes(toleranceMs),
      clock: systemClock,
      hello: { ticket },
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      openLink: (until) =>
        dialLink(url, { headers, tls, timeoutMs: CONNECT_TIMEOUT_MS, signal: until }),
      signal,
    },
    (made) => {
      const peer = new Peer(made, { call: events.call });
      opened.resolve(peer);
      return {
        message: (message) => peer.receive(message),
        interrupted: () => log.warn("the link to the coordinator broke, dialling again"),
        resumed: () => log.info("the link to the coordinator goes on"),
        ended(error) {
          const reason = error ?? new DingError("service.stopping", "The link was closed");
          peer.end(reason.toJSON());
          if (!isClosed) events.lost(reason);
        },
      };
    },
  );
  const peer = await opened.promise;
  return {
    call: (...args) => peer.call(...args),
    request: (...args) => peer.request(...args),
    cancel: (id) => peer.cancel(id),
    close() {
      isClosed = true;
      session.end();
    },
  };
}
