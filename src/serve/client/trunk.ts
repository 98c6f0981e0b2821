import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import { abortable } from "../../core/wait.ts";
import { dialLink } from "../../link/websocket.ts";
import { msgpack } from "../../protocol/codec.ts";
import { dialSession, type DialSessionOptions } from "../../rpc/dial.ts";
import type { Body } from "../../rpc/message.ts";
import { Peer } from "../../rpc/peer.ts";
import type { Session } from "../../rpc/session.ts";
import type { ClientTls } from "../../runtime/web-socket.ts";
import { NATIVE_METHODS, type NativeHello } from "../native/session-protocol.ts";
import { closedError } from "./closed-error.ts";
import { explainDial } from "./dial-fault.ts";
import type { ServerAddress } from "./server-address.ts";
import { TrunkMember } from "./trunk-member.ts";

/** How a server is reached. */
export interface TrunkOptions {
  readonly address: ServerAddress;
  readonly token: string | undefined;
  readonly tls: ClientTls | undefined;
  readonly heartbeatMs: number;
  readonly toleranceMs: number;
  readonly clock: Clock;
}

/** Who joins a trunk. */
export interface Joining {
  readonly hello: NativeHello;
  /** Once, when the session has ended after all; not after `leave()`. */
  readonly onEnded: (error: DingError) => void;
  readonly signal: AbortSignal;
}

/** Far fewer than the clients of one session that a server has room for. */
const MOST_MEMBERS = 256;

/**
 * A session with a server that clients of this process share: what they say in
 * one turn leaves together. Who dials it is introduced by its HELLO, whoever
 * comes later by a call. It ends with its session, or when the last one leaves.
 */
export class Trunk {
  readonly #options: TrunkOptions;
  readonly #onEnd: (trunk: Trunk) => void;
  readonly #abandoned = new AbortController();
  readonly #members = new Set<TrunkMember>();
  readonly #opened: Promise<unknown>;
  #coming = 0;
  #session: Session | undefined;
  #peer: Peer | undefined;
  #endedWith: DingError | undefined;

  /** Dials; `onEnd` is told once that nobody can join any more. */
  constructor(
    options: TrunkOptions,
    { hello, timeoutMs }: { hello: NativeHello; timeoutMs: number },
    onEnd: (trunk: Trunk) => void,
  ) {
    this.#options = options;
    this.#onEnd = onEnd;
    this.#opened = this.#open(hello, timeoutMs);
    this.#opened.catch((thrown: unknown) => this.#finish(DingError.from(thrown)));
  }

  /** Is its connection there? */
  get isAttached(): boolean {
    return this.#session?.isAttached === true;
  }

  /** Not when its connection is being mended: who comes then is there sooner by one of its own. */
  get mayBeJoined(): boolean {
    const isThere = this.#session === undefined || this.isAttached;
    return isThere && !this.#endedWith && this.#members.size + this.#coming < MOST_MEMBERS;
  }

  /** Joins as the one who dialled it. Rejects with why it could not be opened, or with the signal's reason. */
  joinFirst(joining: Joining): Promise<TrunkMember> {
    return this.#come(async () => {
      try {
        const welcome = await abortable(this.#opened, joining.signal);
        return this.#add(new TrunkMember(this, { client: undefined, welcome, ...joining }));
      } catch (thrown) {
        this.#opened.then(
          () => this.#tellLeft(),
          () => {},
        );
        throw thrown;
      }
    });
  }

  /** Joins what another one has dialled. Rejects as `joinFirst` does, or with the refusal of the server. */
  join(joining: Joining): Promise<TrunkMember> {
    return this.#come(async () => {
      await abortable(this.#opened, joining.signal);
      const answer = Promise.withResolvers<Body>();
      const client = this.call(NATIVE_METHODS.JOIN, joining.hello, undefined, {
        reply: answer.resolve,
        fail: (record) => answer.reject(DingError.fromRecord(record)),
      });
      try {
        const body = await abortable(answer.promise, joining.signal);
        const welcome = body && msgpack.decode(body);
        return this.#add(new TrunkMember(this, { client, welcome, ...joining }));
      } catch (thrown) {
        this.#tellLeft(client);
        throw thrown;
      }
    });
  }

  /** For its members. */
  readonly call: Peer["call"] = (method, meta, body, events) => {
    if (this.#peer) return this.#peer.call(method, meta, body, events);
    events.fail(NOT_OPEN);
    return 0;
  };

  /** For its members. */
  cancel(call: number): void {
    this.#peer?.cancel(call);
  }

  /** For its members: the last one says goodbye. */
  left(member: TrunkMember): void {
    if (!this.#members.delete(member) || this.#endedWith) return;
    if (!this.#closeIfEmpty()) this.#tellLeft(member.client);
  }

  /** Whoever comes keeps it open. */
  async #come(join: () => Promise<TrunkMember>): Promise<TrunkMember> {
    this.#coming += 1;
    try {
      return await join();
    } finally {
      this.#coming -= 1;
      this.#closeIfEmpty();
    }
  }

  #add(member: TrunkMember): TrunkMember {
    if (this.#endedWith) throw this.#endedWith;
    this.#members.add(member);
    return member;
  }

  #tellLeft(client = 0): void {
    if (this.#endedWith) return;
    const ignore = (): void => {};
    this.call(NATIVE_METHODS.LEAVE, client, undefined, { reply: ignore, fail: ignore });
  }

  #closeIfEmpty(): boolean {
    if (this.#members.size > 0 || this.#coming > 0) return false;
    this.#abandoned.abort(closedError());
    this.#session?.end();
    this.#finish(closedError());
    return true;
  }

  async #open(hello: NativeHello, timeoutMs: number): Promise<unknown> {
    const { address, clock, heartbeatMs, toleranceMs, token, tls } = this.#options;
    const { signal } = this.#abandoned;
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
    const options: DialSessionOptions = {
      clock,
      heartbeatMs,
      toleranceMs,
      signal,
      hello,
      connectTimeoutMs: timeoutMs,
      answerTimeoutMs: timeoutMs,
      openLink: (until) => dialLink(address.sessionUrl, { headers, tls, timeoutMs, signal: until }),
    };
    try {
      const { welcome } = await dialSession(options, (session) => {
        const peer = new Peer(session, { call: (call) => call.fail(NO_CALLS) });
        this.#peer = peer;
        this.#session = session;
        return {
          message: (message) => peer.receive(message),
          ended: (error) => this.#finish(error ?? closedError()),
        };
      });
      return welcome;
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      throw await explainDial(DingError.from(thrown), address, { token, tls, signal });
    }
  }

  #finish(error: DingError): void {
    if (this.#endedWith) return;
    this.#endedWith = error;
    this.#onEnd(this);
    for (const member of this.#members) member.end(error);
    this.#members.clear();
    this.#peer?.end(error.toJSON());
  }
}

const NO_CALLS = { code: "network.protocol", message: "A client answers no calls" } as const;
const NOT_OPEN = { code: "network.closed", message: "The session has ended" } as const;
