import { DingError, NetworkError, messageOf, type ErrorRecord } from "../core/errors.ts";
import { msgpack } from "../protocol/codec.ts";
import { slaveExceptionFrom } from "../protocol/slave-exceptions.ts";
import {
  SESSION_METHODS,
  slaveFacts,
  TASK_EVENTS,
  type SlaveFacts,
} from "../protocol/task-session.ts";
import { encodeBody } from "../rpc/body.ts";
import { dialSession, type DialSessionOptions } from "../rpc/dial.ts";
import type { Body } from "../rpc/message.ts";
import { Peer, type CallEvents } from "../rpc/peer.ts";
import type { Session } from "../rpc/session.ts";
import type { OnWireEnded, SlaveResponse, Wire, WireEvents, WireTask } from "./wire.ts";

/** How a session with a slave is opened. */
export interface SessionWireOptions extends Omit<DialSessionOptions, "hello"> {
  channel: number;
  /** For the slave's beforeConnection. */
  data: unknown;
  onInterrupted?: () => void;
  onResumed?: () => void;
}

/** Opens the session dialect to a slave; rejects with its refusal as the ancestor's exception, or a NetworkError. */
export async function openSessionWire(
  options: SessionWireOptions,
  onEnded: OnWireEnded,
): Promise<Wire> {
  const { channel, data, onInterrupted, onResumed } = options;
  let peer: Peer | undefined;
  try {
    const { session, welcome } = await dialSession(
      { ...options, hello: { channel, data } },
      (made) => {
        const opened = new Peer(made, { call: (call) => call.fail(NO_CALLS) });
        peer = opened;
        return {
          message: (message) => opened.receive(message),
          interrupted: () => onInterrupted?.(),
          resumed: () => onResumed?.(),
          ended(error) {
            const reason = error ?? new DingError("network.closed", "The session was closed");
            // Whoever closes the session itself has given up its tasks; otherwise their fate is unknown.
            opened.end({ ...reason.toJSON(), code: error ? LOST : "task.cancelled" });
            onEnded(error);
          },
        };
      },
    );
    if (!peer) throw new DingError("internal.bug", "Cannot use session: nobody listens to it");
    const facts = slaveFacts.safeParse(welcome);
    if (facts.success) return new SessionWire(session, peer, facts.data);
    session.end();
    throw new NetworkError(
      "network.protocol",
      "Cannot connect: what answers does not say what slave it is",
    );
  } catch (thrown) {
    throw refusalOf(DingError.from(thrown));
  }
}

/** Given to calls that the session's end leaves without an answer; no slave says it. */
const LOST = "task.lost";

const NO_CALLS: ErrorRecord = { code: "network.protocol", message: "A master answers no calls" };

class SessionWire implements Wire {
  readonly facts: SlaveFacts;
  readonly response: SlaveResponse;
  readonly #session: Session;
  readonly #peer: Peer;

  constructor(session: Session, peer: Peer, facts: SlaveFacts) {
    this.#session = session;
    this.#peer = peer;
    this.facts = facts;
    this.response = success("Connect success.");
  }

  send({ id, attempt, data }: WireTask, events: WireEvents): () => void {
    const body = encodeBody(data, TASK_DATA);
    const call = this.#peer.call(SESSION_METHODS.TASK, [id, attempt], body, new TaskCall(events));
    return () => this.#peer.cancel(call);
  }

  async disconnect(data: unknown): Promise<SlaveResponse> {
    try {
      const body = encodeBody(data, DISCONNECT_DATA);
      await this.#peer.request(SESSION_METHODS.DISCONNECT, null, body);
    } catch (thrown) {
      const error = DingError.from(thrown);
      if (error.code === LOST) throw new NetworkError("network.closed", error.message);
      throw refusalOf(error);
    }
    this.#session.end();
    return success("Disconnect success.");
  }

  abandon(): void {
    this.#session.end();
  }
}

/** What the slave says of one task, in the master's words. */
class TaskCall implements CallEvents {
  readonly #events: WireEvents;

  constructor(events: WireEvents) {
    this.#events = events;
  }

  reply(body: Body): void {
    tellResult(body, this.#events);
  }

  fail(error: ErrorRecord): void {
    tellFailure(error, this.#events);
  }

  event(name: string, body: Body): void {
    if (name === TASK_EVENTS.PROGRESS) tellProgress(body, this.#events);
    else if (name === TASK_EVENTS.LEAVING) this.#events.leaving?.();
    else this.#events.accepted();
  }
}

const TASK_DATA = { what: "task", code: "task.invalid-data" } as const;
const DISCONNECT_DATA = { what: "data of beforeDisconnect", code: "usage.invalid-input" } as const;

/** Progress that cannot be read is not worth its task. */
function tellProgress(body: Body, events: WireEvents): void {
  let value: unknown;
  try {
    value = decode(body);
  } catch {
    return;
  }
  events.progress(value);
}

/** The call has had its answer: a result that cannot be read must not leave its task without an end. */
function tellResult(body: Body, events: WireEvents): void {
  let result: unknown;
  try {
    result = decode(body);
  } catch (cause) {
    const message = `Cannot read result: ${messageOf(cause)}`;
    events.failed(new DingError("task.invalid-result", message, { cause }), undefined);
    return;
  }
  events.completed(result);
}

function tellFailure(record: ErrorRecord, events: WireEvents): void {
  const error = DingError.fromRecord(record);
  if (record.code === LOST) return events.lost(error);
  if (error.code === "peer.refused") return events.refused(refusalOf(error));
  events.failed(error, error.details["result"]);
}

/** What a slave refuses has the ancestor's code in its details. */
function refusalOf(error: DingError): Error {
  const { status, code, data } = error.details;
  if (error.code !== "peer.refused" || typeof status !== "number" || typeof code !== "number") {
    return error;
  }
  return slaveExceptionFrom({ status, code, message: error.message, data });
}

function decode(body: Body): unknown {
  return body ? msgpack.decode(body) : undefined;
}

function success(message: string): SlaveResponse {
  return { status: 200, success: true, code: 0, message, data: null };
}
