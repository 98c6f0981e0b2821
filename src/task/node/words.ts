import type { Clock } from "../../core/clock.ts";
import { DingError, messageOf, type ErrorRecord } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { MeshWord } from "../../protocol/task-mesh.ts";
import type { Ask, NodeNotes, Peer, RequestOptions } from "../router.ts";
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
    this.#notes = new Notes((key, value, to) => void outgoing.say({ k: "note", key, value }, to));
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
    switch (word.k) {
      case "finish":
        return this.#reader.finish(word.run, from);
      case "note":
        return this.#notes.onTold(word.key, word.value, from);
      case "answer":
        return this.#asks.onAnswer(word.id, word.value);
      case "refusal":
        return this.#asks.onRefusal(word.id, word.error as ErrorRecord);
      case "ask":
        void this.#answer(word, from);
    }
  }

  onJoin(peer: Peer): void {
    this.#notes.onJoin(peer);
    for (const [event, bytes] of this.#retained) {
      const args = msgpack.decode(bytes) as unknown[];
      this.#outgoing.emit(event, args, peer.nodeId).catch(() => {}); // it is gone again
    }
  }

  onGone(peer: Peer): void {
    this.#asks.onGone(peer.nodeId);
    this.#notes.onGone(peer);
  }

  /** Nobody answers any more. */
  [Symbol.dispose](): void {
    this.#asks.endAll();
  }

  async #answer({ id, method, arg }: Extract<MeshWord, { k: "ask" }>, from: number): Promise<void> {
    try {
      const value = await this.#reader.request(method, arg, from);
      await this.#outgoing.say({ k: "answer", id, value }, from);
    } catch (thrown) {
      const error =
        thrown instanceof DingError ? thrown : new DingError("task.failed", messageOf(thrown));
      this.#outgoing.say({ k: "refusal", id, error: error.toJSON() }, from).catch(() => {});
    }
  }
}
