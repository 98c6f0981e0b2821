import { DingError, messageOf, type ErrorRecord } from "../core/errors.ts";
import { KIND, type Body, type Message } from "./message.ts";

/** Where a peer says its messages; a Session is one. */
export interface MessagePort {
  send(message: Message): void;
}

/** What the caller of a call hears. After `reply` or `fail` nothing follows. */
export interface CallEvents {
  reply(body: Body): void;
  fail(error: ErrorRecord): void;
  event?(name: string, body: Body): void;
}

/** What a peer is asked to do from the other end. */
export interface PeerEvents {
  call(call: IncomingCall): void;
}

/** A call that this end answers, once. */
export class IncomingCall {
  readonly id: number;
  readonly method: string;
  readonly meta: unknown;
  readonly body: Body;
  /** Set by who answers: runs when the caller no longer wants the answer. */
  onCancel: (() => void) | undefined;
  readonly #peer: Peer;
  #isAnswered = false;

  constructor(
    peer: Peer,
    [, id, method, meta, body]: Extract<Message, [typeof KIND.CALL, ...unknown[]]>,
  ) {
    this.#peer = peer;
    this.id = id;
    this.method = method;
    this.meta = meta;
    this.body = body ?? undefined;
  }

  reply(body?: Body): void {
    if (this.#answer()) this.#peer.say([KIND.REPLY, this.id, body]);
  }

  fail(error: ErrorRecord): void {
    if (!this.#answer()) return;
    try {
      this.#peer.say([KIND.FAIL, this.id, error]);
    } catch (thrown) {
      this.#peer.say([KIND.FAIL, this.id, shortened(error, thrown)]);
    }
  }

  event(name: string, body?: Body): void {
    if (!this.#isAnswered) this.#peer.say([KIND.EVENT, this.id, name, body]);
  }

  #answer(): boolean {
    if (this.#isAnswered) return false;
    this.#isAnswered = true;
    this.#peer.forget(this.id);
    return true;
  }
}

/**
 * Calls, answers, events of a call and cancels over one session, in both
 * directions. It knows nothing of time: whoever calls bounds the wait.
 */
export class Peer {
  readonly #port: MessagePort;
  readonly #events: PeerEvents;
  readonly #outgoing = new Map<number, CallEvents>();
  readonly #incoming = new Map<number, IncomingCall>();
  #lastId = 0;
  #endedWith: ErrorRecord | undefined;

  constructor(port: MessagePort, events: PeerEvents) {
    this.#port = port;
    this.#events = events;
  }

  /** Asks the other end; returns the number by which the call is cancelled. After the end it fails at once. */
  call(method: string, meta: unknown, body: Body, events: CallEvents): number {
    this.#lastId += 1;
    if (this.#endedWith) {
      events.fail(this.#endedWith);
      return this.#lastId;
    }
    this.#outgoing.set(this.#lastId, events);
    this.#port.send([KIND.CALL, this.#lastId, method, meta, body]);
    return this.#lastId;
  }

  /** `call` for those who want one answer; rejects with a DingError. */
  request(method: string, meta: unknown, body?: Body): Promise<Body> {
    return new Promise((reply, reject) => {
      this.call(method, meta, body, {
        reply,
        fail: (error) => reject(DingError.fromRecord(error)),
      });
    });
  }

  /** Tells the other end that the answer is no longer wanted; an answer still comes. */
  cancel(id: number): void {
    if (this.#outgoing.has(id)) this.#port.send([KIND.CANCEL, id]);
  }

  /** Feed it every message of the session. */
  receive(message: Message): void {
    switch (message[0]) {
      case KIND.CALL: {
        const call = new IncomingCall(this, message);
        this.#incoming.set(call.id, call);
        try {
          this.#events.call(call);
        } catch (thrown) {
          call.fail(DingError.from(thrown).toJSON());
        }
        return;
      }
      case KIND.CANCEL:
        this.#incoming.get(message[1])?.onCancel?.();
        return;
      case KIND.EVENT:
        this.#onEvent(message);
        return;
      case KIND.REPLY:
        this.#onReply(message);
        return;
      case KIND.FAIL:
        this.#take(message[1])?.fail(message[2]);
        return;
      case KIND.ACK:
      case KIND.PING:
      case KIND.HELLO:
      case KIND.WELCOME:
      case KIND.REFUSED:
      case KIND.BYE:
      // The handshake and what keeps the session alive is not for peers.
    }
  }

  /** The session has ended: every call of this end fails, every call of the other end is cancelled. */
  end(error: ErrorRecord): void {
    this.#endedWith ??= error;
    const outgoing = [...this.#outgoing.values()];
    const incoming = [...this.#incoming.values()];
    this.#outgoing.clear();
    this.#incoming.clear();
    for (const events of outgoing) events.fail(error);
    for (const call of incoming) call.onCancel?.();
  }

  /** For an IncomingCall: sends its answer or event. */
  say(message: Message): void {
    this.#port.send(message);
  }

  /** For an IncomingCall: it is answered. */
  forget(id: number): void {
    this.#incoming.delete(id);
  }

  /** Whoever cannot bear what it hears loses this call, and no other. */
  #onEvent([, id, name, body]: Extract<Message, [typeof KIND.EVENT, ...unknown[]]>): void {
    try {
      this.#outgoing.get(id)?.event?.(name, body ?? undefined);
    } catch (thrown) {
      this.cancel(id);
      this.#take(id)?.fail(DingError.from(thrown).toJSON());
    }
  }

  #onReply([, id, body]: Extract<Message, [typeof KIND.REPLY, ...unknown[]]>): void {
    const events = this.#take(id);
    try {
      events?.reply(body ?? undefined);
    } catch (thrown) {
      events?.fail(DingError.from(thrown).toJSON());
    }
  }

  #take(id: number): CallEvents | undefined {
    const events = this.#outgoing.get(id);
    this.#outgoing.delete(id);
    return events;
  }
}

const MOST_MESSAGE_CHARACTERS = 10_000;

/** What is left of an error that no frame would hold, or that cannot travel. */
function shortened({ code, message }: ErrorRecord, thrown: unknown): ErrorRecord {
  const told = message.slice(0, MOST_MESSAGE_CHARACTERS);
  return {
    code,
    message: `${told} (the rest of this error cannot be sent: ${messageOf(thrown)})`,
    hint: "Write what is long to a file that both ends can read, and send the path.",
  };
}
