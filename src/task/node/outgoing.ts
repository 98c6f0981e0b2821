import { setImmediate } from "node:timers";
import { DingError } from "../../core/errors.ts";
import { WORDS, type EntryNote, type MeshWord } from "../../protocol/task-mesh.ts";
import { BATCH_BYTES, BatchWriter } from "../mesh/batch.ts";
import { Broadcast } from "../mesh/broadcast.ts";
import type { Audience, LogEntry, LogWindow } from "../mesh/event-log.ts";
import type { SlowPeerPolicy } from "../mesh/feed.ts";
import type { Graph } from "../mesh/graph.ts";
import type { Stream } from "../mesh/origin.ts";
import { headBytes, type Line } from "./line.ts";

/** What a node's sending end stands on. */
export interface OutgoingOptions {
  nodeId: number;
  boot: string;
  slowPeers: SlowPeerPolicy;
  graph: Graph;
  /** Lines to direct neighbours that have begun, by node id. */
  lines: ReadonlyMap<number, Line>;
  /** Is nobody there, nor expected back? */
  isAlone: () => boolean;
}

const MEBIBYTE = 1024 * 1024;
const WINDOW: LogWindow = { events: 8_192, bytes: 64 * MEBIBYTE };
const FLIGHT: LogWindow = { events: 1_024, bytes: 8 * MEBIBYTE };
const NO_LIMIT: LogWindow = { events: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
/** So much may wait for slow peers; whoever awaits each emit never comes near. */
const MOST_WAITING = { events: 10_000, bytes: 64 * MEBIBYTE };

const SENT = Promise.resolve();

/** What a node says to the others: events and words, many in one entry, in the order in which they were emitted. */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #broadcast = new Broadcast({ window: WINDOW, flight: FLIGHT, waiting: NO_LIMIT });
  readonly #writer = new BatchWriter();
  /** For whom the open batch is. */
  #to: number | undefined;
  #isPlanned = false;
  #isSealing = false;
  /** Set while a slow peer holds up the latest batch. */
  #held: Promise<void> | undefined;
  #waitingEvents = 0;
  #waitingBytes = 0;
  /** The latest number of what is for everybody, and by boot of what is for one. */
  #sent = 0;
  readonly #sentTo = new Map<string, number>();
  #events = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /** How many events and words were said. */
  get events(): number {
    return this.#events;
  }

  /** How many events slow peers were passed over for. */
  get dropped(): number {
    return [...this.#broadcast.feeds.values()].reduce((sum, feed) => sum + feed.dropped, 0);
  }

  /** Where a new neighbour begins. */
  get head(): { log: number; sent: number } {
    this.seal();
    return { log: this.#broadcast.head, sent: this.#sent };
  }

  /** Resolves when there is room for more; throws `queue.full` where somebody does not wait for that. */
  emit(event: string, args: readonly unknown[], to: number | undefined): Promise<void> {
    if (this.#options.isAlone()) return SENT;
    this.#turnTo(to);
    if (this.#held) this.#checkWaiting(event);
    this.#writer.addEvent(event, args);
    return this.#written();
  }

  /** As `emit()`; it leaves with this turn. */
  say(word: MeshWord, to: number | undefined): Promise<void> {
    if (this.#options.isAlone()) return SENT;
    this.#turnTo(to);
    this.#writer.addEvent(WORDS, word);
    if (!this.#isSealing) queueMicrotask(this.#onWords);
    this.#isSealing = true;
    return this.#held ?? SENT;
  }

  /** Passes on what others said. Resolves when there is room for more; undefined is at once. */
  relay(body: Uint8Array, to: Audience, note: EntryNote): Promise<void> | undefined {
    const waiting = this.#broadcast.emit({ body, to, note });
    this.pump();
    return waiting;
  }

  /** A neighbour has begun: it has everything of the log up to `after`. */
  attach(nodeId: number, after: number): void {
    this.#broadcast.attach(nodeId, this.#options.slowPeers, after);
    this.pump();
  }

  /** Its link broke: it holds nobody up any more. */
  detach(nodeId: number): void {
    this.#broadcast.detach(nodeId);
    this.pump();
  }

  /** Where a neighbour stands: what was said to it, its session keeps. */
  toldTo(nodeId: number): number | undefined {
    return this.#broadcast.feeds.get(nodeId)?.told;
  }

  onTaken(nodeId: number, seq: number): void {
    this.#broadcast.onTaken(nodeId, seq);
    this.pump();
  }

  /** A neighbour lacks what follows an entry of this node: it is said again, if it is still here. */
  onAsked(nodeId: number, stream: Stream, after: number): void {
    const isIt = (note: unknown): boolean => {
      const [to, seq, , boot] = note as EntryNote;
      const isOfStream = stream === "all" ? to === null : to === nodeId;
      return boot === this.#options.boot && isOfStream && seq === after + 1;
    };
    const seq = this.#broadcast.find(isIt);
    if (seq !== undefined) this.#broadcast.onAsk(nodeId, seq - 1);
    this.pump();
  }

  /** What was written travels from here on. */
  seal(): void {
    if (this.#writer.isEmpty) return;
    const note = this.#noteOf(this.#to);
    const { body, count } = this.#writer.take(() => (note ? headBytes(note) : 0));
    if (!note) return; // it is gone, and with it the wish to hear
    this.#events += count;
    const target = this.#to === undefined ? undefined : this.#options.graph.find(this.#to)?.via;
    this.#log({ body, count, note, to: target });
    this.pump();
  }

  /** Says what may be said. */
  pump(): void {
    for (const feed of this.#broadcast.feeds.values()) {
      const line = this.#options.lines.get(feed.nodeId);
      if (!line) continue;
      for (let said = feed.next(); said; said = feed.next()) line.say(said);
    }
  }

  /** Is everything said that there is to say to those that are there? */
  get isThrough(): boolean {
    if (!this.#writer.isEmpty || this.#broadcast.waiting > 0) return false;
    return [...this.#broadcast.feeds.values()].every((feed) => feed.isThrough);
  }

  #turnTo(to: number | undefined): void {
    if (to === this.#to) return;
    this.seal();
    this.#to = to;
  }

  #written(): Promise<void> {
    const { bytes } = this.#writer;
    if (bytes >= BATCH_BYTES) this.seal();
    else if (!this.#isPlanned) {
      this.#isPlanned = true;
      setImmediate(this.#onTurn);
    }
    return this.#held ?? SENT;
  }

  readonly #onWords = (): void => {
    this.#isSealing = false;
    this.seal();
  };

  readonly #onTurn = (): void => {
    this.#isPlanned = false;
    this.seal();
  };

  #log(entry: LogEntry): void {
    const waiting = this.#broadcast.emit(entry);
    if (!waiting) return;
    const { body, count = 1 } = entry;
    this.#waitingEvents += count;
    this.#waitingBytes += body.length;
    const held = waiting.then(() => {
      this.#waitingEvents -= count;
      this.#waitingBytes -= body.length;
      if (this.#held === held) this.#held = undefined;
    });
    this.#held = held;
  }

  #noteOf(to: number | undefined): EntryNote | undefined {
    const { nodeId, boot, graph } = this.#options;
    if (to === undefined) return [null, (this.#sent += 1), nodeId, boot, 0];
    const target = graph.find(to);
    if (!target) return undefined;
    const seq = (this.#sentTo.get(target.boot) ?? 0) + 1;
    this.#sentTo.set(target.boot, seq);
    return [to, seq, nodeId, boot, 0];
  }

  #checkWaiting(event: string): void {
    const events = this.#waitingEvents + this.#writer.count;
    const bytes = this.#waitingBytes + this.#writer.bytes;
    if (events < MOST_WAITING.events && bytes < MOST_WAITING.bytes) return;
    const told = `${events} events wait for slow nodes`;
    throw new DingError("queue.full", `Cannot emit event "${event}": ${told}`, {
      hint: "Await each emit: it waits for room.",
      details: { nodes: this.#broadcast.slowNodes },
    });
  }
}
