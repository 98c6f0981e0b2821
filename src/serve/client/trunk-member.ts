import { DingError } from "../../core/errors.ts";
import type { Body } from "../../rpc/message.ts";
import type { Peer } from "../../rpc/peer.ts";

/** Who hears of one call; one of the first three, once. */
export interface LineCallEvents {
  reply(body: Body): void;
  fail(error: DingError): void;
  /** The session has ended: nobody knows whether the call was answered. */
  lost(error: DingError): void;
  event?(name: string, body: Body): void;
}

/** The session that members share. */
interface SharedSession {
  readonly isAttached: boolean;
  readonly call: Peer["call"];
  cancel(call: number): void;
  left(member: TrunkMember): void;
}

/** What a member is made of. */
interface TrunkMemberInit {
  readonly client: number | undefined;
  readonly welcome: unknown;
  readonly onEnded: (error: DingError) => void;
}

/** One client's part in a trunk: its calls, which end with it. */
export class TrunkMember {
  /** What its calls say of who asks; undefined for the client whom HELLO introduced. */
  readonly client: number | undefined;
  /** What the server said when it came. */
  readonly welcome: unknown;
  readonly #shared: SharedSession;
  readonly #onEnded: (error: DingError) => void;
  readonly #calls = new Set<MemberCall>();
  #hasEnded = false;

  constructor(shared: SharedSession, { client, welcome, onEnded }: TrunkMemberInit) {
    this.#shared = shared;
    this.client = client;
    this.welcome = welcome;
    this.#onEnded = onEnded;
  }

  get isAttached(): boolean {
    return !this.#hasEnded && this.#shared.isAttached;
  }

  /** Calls the server; gives the number by which the call is cancelled. */
  call(method: string, meta: unknown, body: Body, events: LineCallEvents): number {
    const call: MemberCall = { id: 0, events };
    this.#calls.add(call);
    call.id = this.#shared.call(method, meta, body, {
      reply: (answer) => {
        if (this.#calls.delete(call)) events.reply(answer);
      },
      fail: (record) => {
        if (this.#calls.delete(call)) events.fail(DingError.fromRecord(record));
      },
      event: (name, piece) => {
        if (this.#calls.has(call)) events.event?.(name, piece);
      },
    });
    return call.id;
  }

  cancel(call: number): void {
    this.#shared.cancel(call);
  }

  /** It goes, the others stay: what it asked for is cancelled, and lost to it. */
  leave(error: DingError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    for (const { id } of this.#calls) this.#shared.cancel(id);
    // First: with the last member the session ends, and what is under way fails.
    this.lose(error);
    this.#shared.left(this);
  }

  /** For the trunk: the session has ended. */
  end(error: DingError): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#onEnded(error);
  }

  /** Tells all who wait for an answer that they wait in vain. */
  lose(error: DingError): void {
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const { events } of calls) events.lost(error);
  }
}

interface MemberCall {
  id: number;
  readonly events: LineCallEvents;
}
