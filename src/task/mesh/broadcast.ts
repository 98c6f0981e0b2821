import { DingError } from "../../core/errors.ts";
import { Fifo } from "../../core/fifo.ts";
import { EventLog, type LogEntry, type LoggedEvent, type LogWindow } from "./event-log.ts";
import { Feed, type SlowPeerPolicy } from "./feed.ts";

/** What one sender keeps. */
export interface BroadcastOptions {
  /** What a peer that comes back can still get. */
  window: LogWindow;
  /** So much may be on its way to one peer; less than the window. */
  flight: LogWindow;
  /** So much may wait for peers that are slow. */
  waiting: LogWindow;
  /** Hears of the memory of an entry that is gone when nobody reads there any more; it may never hear of some. */
  free?: (memory: Uint8Array<ArrayBuffer>) => void;
}

interface Waiting {
  entry: LogEntry;
  resolve: () => void;
}

/**
 * The sending end of one node's events: one log, and a feed for each peer. Pure: after each call `next()` of the feeds
 * tells what is to be said.
 */
export class Broadcast {
  readonly #options: BroadcastOptions;
  readonly #log: EventLog;
  readonly #feeds = new Map<number, Feed>();
  readonly #waiting = new Fifo<Waiting>();
  #waitingBytes = 0;
  /** Up to this entry nobody knows here what is still read: its peers came and went, or asked for it again. */
  #unclear = 0;

  constructor(options: BroadcastOptions) {
    this.#options = options;
    this.#log = new EventLog(options.window, (event) => this.#onGone(event));
  }

  get head(): number {
    return this.#log.head;
  }

  /** The peers that are there. */
  get feeds(): ReadonlyMap<number, Feed> {
    return this.#feeds;
  }

  /** A peer is there, or there again: it has everything up to `after`; default: what was before is not for it. */
  attach(nodeId: number, policy: SlowPeerPolicy, after: number = this.#log.head): Feed {
    const { flight } = this.#options;
    this.#leave(nodeId);
    const feed = new Feed(this.#log, { nodeId, policy, flight, after: Math.min(after, this.head) });
    this.#feeds.set(nodeId, feed);
    return feed;
  }

  /** A peer is gone, for good or for now: it holds nobody up any more. What it lacks stays in the log, within the window. */
  detach(nodeId: number): void {
    this.#leave(nodeId);
    this.#feeds.delete(nodeId);
    this.#goOn();
  }

  onTaken(nodeId: number, seq: number): void {
    this.#feeds.get(nodeId)?.onTaken(seq);
    this.#goOn();
  }

  onAsk(nodeId: number, after: number): void {
    this.#leave(nodeId);
    this.#feeds.get(nodeId)?.rewind(after);
  }

  /**
   * An entry for one peer, some or all. Undefined when it is in the log; while a slow peer has too much before it, a promise
   * that resolves when it is. Throws `queue.full` when too many wait for that.
   */
  emit(entry: LogEntry): Promise<void> | undefined {
    if (this.#waiting.size === 0 && !this.#isHeldUp()) {
      this.#log.append(entry);
      return undefined;
    }
    const { events, bytes } = this.#options.waiting;
    if (this.#waiting.size >= events || this.#waitingBytes >= bytes) throw this.#fullError();
    this.#waitingBytes += entry.body.length;
    return new Promise((resolve) => this.#waiting.push({ entry, resolve }));
  }

  /** How many entries wait for slow peers. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** What is here will also be read by others. */
  share(): void {
    this.#unclear = this.head;
  }

  /** An entry that is still here. */
  at(seq: number): LogEntry | undefined {
    return this.#log.at(seq);
  }

  /** The number of the oldest entry that is still here and has such a note; undefined when none has. */
  find(isIt: (note: unknown) => boolean): number | undefined {
    for (let seq = this.#log.first; seq <= this.head; seq++) {
      if (isIt(this.#log.at(seq)?.note)) return seq;
    }
    return undefined;
  }

  /** Those that hold everybody up. */
  get slowNodes(): number[] {
    return [...this.#feeds.values()].filter(isSlow).map((feed) => feed.nodeId);
  }

  /** What was said to this peer may still be on its way to it, or be said again. */
  #leave(nodeId: number): void {
    this.#unclear = Math.max(this.#unclear, this.#feeds.get(nodeId)?.told ?? 0);
  }

  #onGone({ seq, memory }: LoggedEvent): void {
    const { free } = this.#options;
    if (!memory || !free || seq <= this.#unclear) return;
    for (const feed of this.#feeds.values()) if (feed.isUnderWay(seq)) return;
    free(memory);
  }

  #goOn(): void {
    while (this.#waiting.size > 0 && !this.#isHeldUp()) {
      const next = this.#waiting.take();
      if (!next) return;
      this.#waitingBytes -= next.entry.body.length;
      this.#log.append(next.entry);
      next.resolve();
    }
  }

  #isHeldUp(): boolean {
    for (const feed of this.#feeds.values()) if (isSlow(feed)) return true;
    return false;
  }

  #fullError(): DingError {
    const nodes = this.slowNodes;
    const told = `${this.#waiting.size} events wait for slow nodes ${nodes.join(", ")}`;
    return new DingError("queue.full", `Cannot emit event: ${told}`, {
      hint: "Await each emit: it waits for room.",
      details: { nodes },
    });
  }
}

function isSlow({ policy, hasRoom }: Feed): boolean {
  return policy === "slow" && !hasRoom;
}
