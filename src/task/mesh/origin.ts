import type { Clock } from "../../core/clock.ts";
import { Fifo } from "../../core/fifo.ts";
import { Reception, type Incoming } from "./reception.ts";

/** What is done with the entries of one origin. */
export interface OriginOptions {
  /** Its entries for everybody are here up to this one; those for this node begin with 1. */
  after: number;
  /** An entry, each once, in order: the next one comes when what this gives has resolved. */
  take: (entry: Incoming) => Promise<void> | undefined;
  /** So many entries will never come. */
  missed: (entries: number) => void;
  /** Asks the origin itself for what follows. */
  ask: (stream: Stream, after: number) => void;
  clock: Clock;
}

/** Entries for everybody, and those for this node alone, are numbered apart. */
export type Stream = "all" | "own";

const RETRY_MS = 500;
/** So often what is missing is asked for, or waited for, before it is given up. */
const MOST_ASKS = 5;
const MOST_EARLY = 1_024;

/**
 * The entries of one node, on whatever ways they come: each once, in order. What is missing may be under way on
 * another path; when it does not come it is told as missed.
 */
export class Origin implements Disposable {
  readonly #options: OriginOptions;
  readonly #streams: Record<Stream, Reception>;
  readonly #ready = new Fifo<Incoming>();
  #pumping: Promise<void> | undefined;
  readonly #known: Record<Stream, number> = { all: 0, own: 0 };
  /** Streams whose next gap is known of already. */
  readonly #gaps = new Set<Stream>();
  #isTold = false;
  #asking: Disposable | undefined;

  constructor(options: OriginOptions) {
    this.#options = options;
    this.#streams = { all: this.#receive("all", options.after), own: this.#receive("own", 0) };
  }

  /** Up to here the entries for everybody have come, or will never come. */
  get cursor(): number {
    return this.#streams.all.cursor;
  }

  /** Resolves when it has been taken, with all before it; undefined is at once. */
  accept(stream: Stream, entry: Incoming): Promise<void> | undefined {
    const { seq } = entry;
    this.#known[stream] = Math.max(this.#known[stream], seq);
    if (this.#gaps.delete(stream)) {
      this.#isTold = true;
      this.#skipTo(stream, seq - 1);
      this.#isTold = false;
    }
    this.#streams[stream].accept({ kind: "event", after: seq - 1, event: entry });
    return this.#pump();
  }

  /** Whoever brings its entries has said that some are gone: nobody waits for them, nor tells of them again. */
  expectGap(): void {
    this.#gaps.add("all").add("own");
  }

  /** Asks for whatever there may be that has not come; once more a little later, for a way may just be in the making. */
  ask(): void {
    this.#askForAll();
    this.#asking?.[Symbol.dispose]();
    this.#asking = this.#options.clock.after(RETRY_MS, () => this.#askForAll());
  }

  #askForAll(): void {
    this.#options.ask("all", this.#streams.all.cursor);
    this.#options.ask("own", this.#streams.own.cursor);
  }

  [Symbol.dispose](): void {
    this.#asking?.[Symbol.dispose]();
    for (const reception of Object.values(this.#streams)) reception[Symbol.dispose]();
  }

  #skipTo(stream: Stream, upTo: number): void {
    const { cursor } = this.#streams[stream];
    if (upTo > cursor) this.#streams[stream].accept({ kind: "missed", after: cursor, upTo });
  }

  #receive(stream: Stream, after: number): Reception {
    let asks = 0;
    let askedAfter = -1;
    return new Reception({
      after,
      deliver: (entry) => this.#ready.push(entry),
      missed: (from, upTo) => {
        if (!this.#isTold) this.#options.missed(upTo - from);
      },
      ask: (from) => {
        asks = from === askedAfter ? asks + 1 : 1;
        askedAfter = from;
        if (asks <= MOST_ASKS) return this.#options.ask(stream, from);
        this.#skipTo(stream, this.#known[stream]);
        void this.#pump();
      },
      retryMs: RETRY_MS,
      mostEarly: MOST_EARLY,
      clock: this.#options.clock,
    });
  }

  #pump(): Promise<void> | undefined {
    if (this.#pumping) return this.#pumping;
    for (let next = this.#ready.take(); next; next = this.#ready.take()) {
      const taking = this.#options.take(next);
      if (!taking) continue;
      this.#pumping = taking
        .finally(() => void (this.#pumping = undefined))
        .then(() => this.#pump());
      return this.#pumping;
    }
    return undefined;
  }
}
