import { DingError } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";
import { MESSAGE_BODY_LIMIT_BYTES } from "../../rpc/body.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import { Peer } from "../../rpc/peer.ts";
import type { Session } from "../../rpc/session.ts";
import type { Payload, Values } from "../inference.ts";
import type { Broadcast } from "./broadcast.ts";
import type { Desk, Question } from "./desk.ts";
import type { Outflow } from "./outflow.ts";
import type { Outcome } from "./run.ts";
import {
  fault,
  NATIVE_EVENTS,
  NATIVE_METHODS,
  readAskMeta,
  readHello,
  type AskMeta,
  type NativeHello,
  type NativeWelcome,
} from "./session-protocol.ts";
import { StreamCredit } from "./stream-credit.ts";

/** What the sessions of a server have in common. */
export interface NativeShared {
  desk: Desk;
  broadcast: Broadcast;
  outflow?: Outflow;
  /** What msgpack can hold, or a promise of it. */
  status: () => unknown;
  /** What a client is told that comes; throws when none may come any more. */
  welcome: () => NativeWelcome;
}

/** One who asks. */
interface Guest extends NativeHello {
  /** What it has under way. */
  calls: number;
}

/** What has been said and not taken may be so much; beyond it nothing more is begun for this client. */
const CROWDED = { bytes: 64 * 1024 * 1024, messages: 16_384 };
/** A listener asks for nothing, and so has no window: it is let go much sooner. */
const TOO_SLOW = { bytes: 16 * 1024 * 1024, messages: 4_096 };
/** Beyond this a stream waits for its client, and its generator with it. */
const STREAMED = { bytes: 4 * 1024 * 1024, messages: 16_384 };
const MOST_CALLS = 65_536;
const MOST_LISTENS = 256;
const MOST_GUESTS = 1_024;
/** Whom HELLO introduced. */
const FIRST = 0;
const RETRY_AFTER_MS = 200;
const DEFAULT_CREDIT = 64;
const MOST_CREDIT = 1_000_000;

/** A process that is connected by a session, with its clients. */
export class NativeClient {
  readonly peer: Peer;
  readonly #session: Session;
  readonly #hello: NativeHello;
  readonly #shared: NativeShared;
  readonly #streams = new Map<number, StreamCredit>();
  readonly #guests = new Map<number, Guest>();
  #listens = 0;

  constructor(session: Session, hello: NativeHello, shared: NativeShared) {
    this.#session = session;
    this.#hello = hello;
    this.#guests.set(FIRST, { ...hello, calls: 0 });
    this.#shared = shared;
    this.peer = new Peer(session, { call: (call) => this.#onCall(call) });
  }

  /** How many clients of this process there are. */
  get guests(): number {
    return this.#guests.size;
  }

  /** The process is gone: what it asked for is not wanted any more. */
  end(): void {
    this.peer.end({ code: "network.closed", message: "The session has ended" });
  }

  #onCall(call: IncomingCall): void {
    switch (call.method) {
      case NATIVE_METHODS.INFER:
        return this.#infer(call);
      case NATIVE_METHODS.STREAM:
        return void this.#stream(call);
      case NATIVE_METHODS.MORE:
        return this.#more(call);
      case NATIVE_METHODS.LISTEN:
        return this.#listen(call);
      case NATIVE_METHODS.STATUS:
        return void this.#status(call);
      case NATIVE_METHODS.JOIN:
        return this.#join(call);
      case NATIVE_METHODS.LEAVE:
        this.#guests.delete(call.meta as number);
        return call.reply();
      default:
        call.fail({
          code: "network.protocol",
          message: `Cannot call "${call.method}": no such method`,
        });
    }
  }

  #infer(call: IncomingCall): void {
    const meta = readAskMeta(call.meta);
    const guest = this.#admit(meta);
    const { desk, broadcast, outflow } = this.#shared;
    const { identity, broadcast: mayTell } = guest;
    const tell = (outcome: Outcome): void => broadcast.tell(identity, meta.id, sendable(outcome));
    const asked = desk.ask(questionOf(meta, call, guest), mayTell ? tell : undefined);
    guest.calls += 1;
    call.onCancel = () => asked.leave();
    asked.hear((outcome) => {
      guest.calls -= 1;
      answerCall(call, outcome);
      outflow?.spoke(this.#session);
    });
  }

  async #stream(call: IncomingCall): Promise<void> {
    const abort = new AbortController();
    let guest: Guest | undefined;
    try {
      const meta = readAskMeta(call.meta);
      guest = this.#admit(meta);
      guest.calls += 1;
      const credit = new StreamCredit(Math.min(meta.credit ?? DEFAULT_CREDIT, MOST_CREDIT));
      this.#streams.set(call.id, credit);
      call.onCancel = () => {
        abort.abort(unread());
        credit.end();
      };
      for await (const piece of this.#shared.desk.stream(
        questionOf(meta, call, guest),
        abort.signal,
      )) {
        if (abort.signal.aborted) break;
        call.event(NATIVE_EVENTS.PIECE, pieceOf(piece));
        await credit.take();
        // A client may promise to take more than anybody should keep for it.
        await this.#session.deliveredBut(STREAMED);
      }
      abort.signal.throwIfAborted();
      call.reply();
    } catch (thrown) {
      call.fail(DingError.from(thrown).toJSON());
    } finally {
      if (guest) guest.calls -= 1;
      this.#streams.delete(call.id);
    }
  }

  #more(call: IncomingCall): void {
    const [stream, count] = Array.isArray(call.meta) ? (call.meta as unknown[]) : [];
    if (typeof count === "number" && count > 0 && count <= MOST_CREDIT) {
      this.#streams.get(stream as number)?.give(count);
    }
    call.reply();
  }

  #listen(call: IncomingCall): void {
    if (this.#listens >= MOST_LISTENS) throw tooMany();
    this.#listens += 1;
    const listening = this.#shared.broadcast.add(this.#hello.identity, (body) => {
      if (this.#session.hasAtMost(TOO_SLOW)) return call.event(NATIVE_EVENTS.ANSWER, body);
      leave();
      call.fail(tooSlow().toJSON());
    });
    let hasLeft = false;
    const leave = (): void => {
      if (hasLeft) return;
      hasLeft = true;
      this.#listens -= 1;
      listening[Symbol.dispose]();
    };
    call.onCancel = () => {
      leave();
      call.reply();
    };
    call.event(NATIVE_EVENTS.LISTENING);
  }

  async #status(call: IncomingCall): Promise<void> {
    try {
      if (!this.#session.hasAtMost(CROWDED)) throw tooMany();
      call.reply(msgpack.encode(await this.#shared.status()));
    } catch (thrown) {
      call.fail(DingError.from(thrown).toJSON());
    }
  }

  #join(call: IncomingCall): void {
    const hello = readHello(call.meta);
    if (this.#guests.size >= MOST_GUESTS) throw tooMany();
    call.reply(msgpack.encode(this.#shared.welcome()));
    this.#guests.set(call.id, { ...hello, calls: 0 });
  }

  /** Who asks; throws when it has asked for more than it takes. */
  #admit({ client = FIRST }: AskMeta): Guest {
    const guest = this.#guests.get(client);
    if (!guest) throw fault("client", `${client} has not joined, or has left`);
    if (guest.calls < MOST_CALLS && this.#session.hasAtMost(CROWDED)) return guest;
    throw tooMany();
  }
}

function questionOf(meta: AskMeta, call: IncomingCall, { identity, instance }: Guest): Question {
  const { id, digest, model, version, priority, timeoutMs, parameters } = meta;
  const scope = digest === undefined ? instance : identity;
  const values: Values = { kind: "values", form: "msgpack", values: [call.body ?? NIL] };
  // The lengths tell apart what could be read in two ways.
  const key = `${scope.length}:${scope}:${id.length}:${id}:${digest ?? ""}`;
  return { key, id, client: identity, model, version, priority, timeoutMs, parameters, values };
}

const NIL = Uint8Array.of(0xc0);
/** What listeners are told stands around it. */
const LONGEST_RESULT_BYTES = MESSAGE_BODY_LIMIT_BYTES - 8 * 1024;

function answerCall(call: IncomingCall, given: Outcome): void {
  const outcome = sendable(given);
  if ("error" in outcome) call.fail(outcome.error.toJSON());
  else call.reply(outcome.values.values[0] ?? NIL);
}

/** No frame would hold a result that is longer. */
function sendable(outcome: Outcome): Outcome {
  const [value = NIL] = "values" in outcome ? outcome.values.values : [];
  return value.length <= LONGEST_RESULT_BYTES ? outcome : { error: tooLong(value) };
}

function pieceOf(piece: Payload): Uint8Array {
  if (piece.kind !== "values") {
    throw new DingError("internal.bug", "Cannot use piece: it came as tensors, not as values");
  }
  const [value = NIL] = piece.values;
  if (value.length > LONGEST_RESULT_BYTES) throw tooLong(value);
  return value;
}

function tooLong({ length }: Uint8Array): DingError {
  const why = `it takes ${length} bytes, the limit is ${LONGEST_RESULT_BYTES}`;
  return new DingError("task.invalid-result", `Cannot send result: ${why}`, {
    hint: "Let the model write it to a file that both ends can read, and return the path.",
  });
}

function unread(): DingError {
  return new DingError("task.cancelled", "Cannot go on: nobody reads the stream any more");
}

function tooMany(): DingError {
  return new DingError("queue.full", "Cannot take request: this client has too many under way", {
    details: { retryAfterMs: RETRY_AFTER_MS },
    hint: "Read the answers, or send less at a time.",
  });
}

function tooSlow(): DingError {
  return new DingError("queue.full", "Cannot go on listening: this listener is too slow", {
    hint: "Listen again, and take the answers faster; what came meanwhile is missed.",
  });
}
