import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs } from "../../core/retry.ts";
import { delay } from "../../core/wait.ts";
import type { Link } from "../../link/link.ts";
import { meshGreeting, type MeshGreeting } from "../../protocol/task-mesh.ts";
import { dialSession } from "../../rpc/dial.ts";
import type { Message } from "../../rpc/message.ts";
import type { Session } from "../../rpc/session.ts";
import type { Line } from "./line.ts";

/** How another node is dialled, again and again. */
export interface KeepDialledOptions {
  /** For people: where it is. */
  name: string;
  greeting: () => MeshGreeting;
  openLink: (signal: AbortSignal) => Promise<Link>;
  heartbeatMs: number;
  toleranceMs: number;
  clock: Clock;
  log: Logger;
  /** Ends it. */
  signal: AbortSignal;
  /** Is there a line to it already, so that none is needed now? */
  isLinked: (peer: MeshGreeting | undefined) => boolean;
  /** A session stands; throws when it is not wanted. */
  adopt: (session: Session, peer: MeshGreeting) => Line;
  /** Once: the first line stands. */
  onLinked: () => void;
  /** It says no, and trying again cannot mend it; before the first line. */
  onRefused: (error: DingError) => void;
}

const CONNECT_TIMEOUT_MS = 15_000;
const REDIAL = { minMs: 25, maxMs: 1_000, jitter: 0.5 };
/** A node that was killed and is back may find its old self still there, for a moment: so long, and some heartbeats. */
const TAKEN_MS = 2_000;
const TAKEN_BEATS = 4;
const LOOK_MS = 1_000;

/** Keeps a line to another node: dials it until it is there, and again whenever it is lost. */
export async function keepDialled(options: KeepDialledOptions): Promise<void> {
  const { clock, signal, log, name, isLinked, heartbeatMs } = options;
  const takenMs = TAKEN_MS + TAKEN_BEATS * heartbeatMs;
  const startedAt = clock.now();
  let hasBeenLinked = false;
  let peer: MeshGreeting | undefined;
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      if (!isLinked(peer)) {
        const line = await dialOnce(options);
        peer = line.peer;
        if (!hasBeenLinked) options.onLinked();
        hasBeenLinked = true;
        attempt = 0;
        await line.closed;
      }
    } catch (thrown) {
      const error = DingError.from(thrown);
      if (signal.aborted) return;
      if (error.details["duplicate"] === true) {
        if (!hasBeenLinked) options.onLinked();
        hasBeenLinked = true;
      } else if (!hasBeenLinked && isHopeless(error, clock.now() - startedAt > takenMs)) {
        return options.onRefused(error);
      }
      log.debug(`no line to ${name}: ${error.message}`);
    }
    const pauseMs = isLinked(peer) ? LOOK_MS : backoffMs(REDIAL, Math.max(1, attempt));
    await delay(pauseMs, signal).catch(() => {});
  }
}

async function dialOnce(options: KeepDialledOptions): Promise<Line> {
  const { greeting, openLink, heartbeatMs, toleranceMs, clock, signal, adopt, name } = options;
  const early: Message[] = [];
  let line: Line | undefined;
  let end: { error: DingError | undefined } | undefined;
  const { session, welcome } = await dialSession(
    {
      hello: greeting(),
      openLink,
      heartbeatMs,
      toleranceMs,
      clock,
      signal,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    },
    () => ({
      message: (message) => (line ? line.receive(message) : void early.push(message)),
      interrupted: () => line?.onInterrupted(),
      resumed: () => line?.onResumed(),
      ended(error) {
        end = { error };
        line?.onEnded(error);
      },
    }),
  );
  try {
    const peer = meshGreeting.safeParse(welcome);
    if (!peer.success) {
      throw new DingError(
        "network.protocol",
        `Cannot join the mesh at ${name}: it is no node of a task`,
      );
    }
    line = adopt(session, peer.data);
  } catch (thrown) {
    session.end();
    throw thrown;
  }
  for (const message of early) line.receive(message);
  if (end) line.onEnded(end.error);
  return line;
}

/** Nobody there yet is worth waiting for; a wrong token, another version, or a place that is taken is not. */
function isHopeless({ code, details }: DingError, isLate: boolean): boolean {
  const { status } = details;
  if (typeof status === "number") return status < 500;
  if (details["taken"] === true) return isLate;
  return code === "peer.refused" || code === "network.protocol";
}
