import { setImmediate } from "node:timers";
import { DingError } from "../../core/errors.ts";
import { WORDS, type EntryNote, type MeshLack, type MeshWord } from "../../protocol/task-mesh.ts";
import { BATCH_BYTES, BatchWriter } from "../mesh/batch.ts";
import { Broadcast } from "../mesh/broadcast.ts";
import type { Audience, LogEntry, LogWindow } from "../mesh/event-log.ts";
import type { SlowPeerPolicy } from "../mesh/feed.ts";
import type { Graph } from "../mesh/graph.ts";
import type { Stream } from "../mesh/origin.ts";
import { MOST_HOPS } from "./incoming.ts";
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

/** What is to be said again. */
interface Lacking {
  stream: Stream;
  /** In the log. */
  first: number;
  isLacking: (note: unknown) => boolean;
  /** The neighbour that told of it. */
  from: number | undefined;
}

/** What a node says to the others: events and words, many in one entry, in the order in which they were emitted. */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #writer = new BatchWriter();
  readonly #broadcast = new Broadcast({
    window: WINDOW,
    flight: FLIGHT,
    waiting: NO_LIMIT,
    free: (memory) => this.#writer.reuse(memory),
  });
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
  /** What is said again just now, and to whom. */
  readonly #again = new Set<string>();

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
    if (this.#held) this.#checkWaiting(`emit event "${event}"`, MOST_WAITING.bytes);
    this.#writer.addEvent(event, args);
    return this.#written();
  }

  /** As `emit()`; it leaves with this turn. */
  say(word: MeshWord, to: number | undefined): Promise<void> {
    if (this.#options.isAlone()) return SENT;
    this.#turnTo(to);
    // Whoever awaits the answers has few under way, which may be large.
    if (this.#held && word[0] === "ask")
      this.#checkWaiting(`request "${word[2]}"`, Number.POSITIVE_INFINITY);
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

  /** What somebody lacks is told to its origin, from neighbour to neighbour; there it is said again, if it is still there. */
  onLack([stream, after, asker, origin, boot, hops]: MeshLack, from?: Line): void {
    const { graph, lines } = this.#options;
    graph.settle();
    if (boot === this.#options.boot) return this.#onAsked(asker, { stream, after, from });
    const via = graph.find(origin)?.via;
    if (via === undefined || via === from?.peer.nodeId || hops >= MOST_HOPS) return;
    lines.get(via)?.sayLack([stream, after, asker, origin, boot, hops + 1]);
  }

  #onAsked(
    nodeId: number,
    { stream, after, from }: { stream: Stream; after: number; from: Line | undefined },
  ): void {
    const { boot } = this.#options;
    const isLacking = (note: unknown): boolean => {
      const [to, seq, , origin, , again] = note as EntryNote;
      const isOfStream = stream === "all" ? to === null : to === nodeId && again === undefined;
      return origin === boot && isOfStream && seq > after;
    };
    // Without the very next one the others are of no use yet.
    const first = this.#broadcast.find((note) => {
      return isLacking(note) && (note as EntryNote)[1] === after + 1;
    });
    if (first === undefined) return;
    if (!this.#options.lines.has(nodeId)) {
      const again = { stream, first, isLacking, from: from?.peer.nodeId };
      return void this.#sayAgain(nodeId, again).catch(() => {}); // it asks again
    }
    this.#broadcast.onAsk(nodeId, first - 1);
    this.pump();
  }

  /** What was written travels from here on. */
  seal(): void {
    if (this.#writer.isEmpty) return;
    const note = this.#noteOf(this.#to);
    const { body, count, memory } = this.#writer.take(() => (note ? headBytes(note) : 0));
    if (!note) return; // it is gone, and with it the wish to hear
    this.#events += count;
    const target = this.#to === undefined ? undefined : this.#options.graph.find(this.#to)?.via;
    this.#log({ body, count, note, to: target, memory });
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

  /** To one that has no line here: by way of others, as if it were for that one alone. */
  async #sayAgain(nodeId: number, { stream, first, isLacking, from }: Lacking): Promise<void> {
    const key = `${stream} ${nodeId}`;
    if (this.#again.has(key)) return;
    this.#again.add(key);
    this.#broadcast.share(); // the same bytes are in the log twice
    try {
      const last = this.#broadcast.head;
      for (let at = first; at <= last; at++) {
        const entry = this.#broadcast.at(at);
        // It may be heard before it is known where it is.
        const via = this.#options.graph.find(nodeId)?.via ?? from;
        if (via === undefined) return;
        if (!entry || !isLacking(entry.note)) continue;
        const [, seq, origin, boot] = entry.note as EntryNote;
        const isForAll = (entry.note as EntryNote)[0] === null;
        const note: EntryNote = [nodeId, seq, origin, boot, 0];
        if (isForAll) note.push(1);
        await this.relay(entry.body, via, note);
      }
    } finally {
      this.#again.delete(key);
    }
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

  #checkWaiting(what: string, mostBytes: number): void {
    const events = this.#waitingEvents + this.#writer.count;
    const bytes = this.#waitingBytes + this.#writer.bytes;
    if (events < MOST_WAITING.events && bytes < mostBytes) return;
    throw new DingError("queue.full", `Cannot ${what}: ${events} events wait for slow nodes`, {
      hint: "Await each emit, and each answer: it waits for room.",
      details: { nodes: this.#broadcast.slowNodes },
    });
  }
}
