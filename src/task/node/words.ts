import type { Clock } from "../../core/clock.ts";
import { DingError, messageOf, type ErrorRecord } from "../../core/errors.ts";
import { isThenable } from "../../core/wait.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { MeshWord } from "../../protocol/task-mesh.ts";
import type { Ask, NodeNotes, Peer, PeerChange, RequestOptions } from "../router.ts";
import { Asks } from "./asks.ts";
import { Notes } from "./notes.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Reader } from "./reader.ts";

const MOST_RETAINED = 1_000;

/** What nodes say to each other beside plain events: requests and answers, notes, what is kept for who comes later. */
export class Words implements Disposable {
  readonly #outgoing: Outgoing;
  readonly #reader: Reader;
  readonly #asks: Asks;
  readonly #notes: Notes;
  readonly #retained = new Map<string, Uint8Array>();

  constructor({ outgoing, reader, clock }: { outgoing: Outgoing; reader: Reader; clock: Clock }) {
    this.#outgoing = outgoing;
    this.#reader = reader;
    this.#asks = new Asks(clock, (word, to) => outgoing.say(word, to));
    this.#notes = new Notes((key, value, to) => void outgoing.say(["note", key, value], to));
  }

  get notes(): NodeNotes {
    return this.#notes;
  }

  ask(to: number, ask: Ask, options: RequestOptions): Promise<unknown> {
    return this.#asks.ask(to, ask, options);
  }

  /** Nodes that join later get the latest event of this name. */
  retain(event: string, args: readonly unknown[]): void {
    if (!this.#retained.has(event) && this.#retained.size >= MOST_RETAINED) {
      const told = `${MOST_RETAINED} events are retained`;
      throw new DingError("queue.full", `Cannot retain event "${event}": ${told}`);
    }
    this.#retained.set(event, msgpack.encode(args));
  }

  onWord(word: MeshWord, from: number): void {
    switch (word[0]) {
      case "finish":
        return this.#reader.finish(word[1], from);
      case "note":
        return this.#notes.onTold(word[1], word[2], from);
      case "answer":
        return this.#asks.onAnswer(word[1], word[2]);
      case "refusal":
        return this.#asks.onRefusal(word[1], word[2] as ErrorRecord);
      case "ask":
        this.#answer(word, from);
    }
  }

  onReach(change: PeerChange, peer: Peer): void {
    if (change === "peer:join") this.#onJoin(peer);
    if (change === "peer:leave" || change === "peer:crash") this.#onGone(peer);
  }

  #onJoin(peer: Peer): void {
    this.#notes.onJoin(peer);
    for (const [event, bytes] of this.#retained) {
      const args = msgpack.decode(bytes) as unknown[];
      this.#outgoing.emit(event, args, peer.nodeId).catch(() => {}); // it is gone again
    }
  }

  #onGone(peer: Peer): void {
    this.#asks.onGone(peer.nodeId);
    this.#notes.onGone(peer);
  }

  /** Nobody answers any more. */
  [Symbol.dispose](): void {
    this.#asks.endAll();
  }

  #answer([, id, method, arg]: Extract<MeshWord, ["ask", ...unknown[]]>, from: number): void {
    const reply = (value: unknown): void => {
      try {
        this.#outgoing.say(["answer", id, value], from).catch(() => {}); // it is gone
      } catch (thrown) {
        refuse(thrown); // what it gave cannot travel
      }
    };
    const refuse = (thrown: unknown): void => {
      const error =
        thrown instanceof DingError ? thrown : new DingError("task.failed", messageOf(thrown));
      this.#outgoing.say(["refusal", id, error.toJSON()], from).catch(() => {});
    };
    try {
      const value = this.#reader.request(method, arg, from);
      if (isThenable(value)) value.then(reply, refuse);
      else reply(value);
    } catch (thrown) {
      refuse(thrown);
    }
  }
}
