import { DingError } from "../../core/errors.ts";
import { encodeFrame, packFrame } from "../../protocol/codec.ts";
import { findFault } from "../../protocol/fault.ts";
import { PlainWriter } from "../../protocol/plain-writer.ts";
import { WORDS } from "../../protocol/task-mesh.ts";
import { MESSAGE_BODY_LIMIT_BYTES } from "../../rpc/body.ts";
import { BatchMemory } from "./batch-memory.ts";

/** From so many bytes on a batch travels. */
export const BATCH_BYTES: number = 64 * 1024;

const ROOM_BYTES = BATCH_BYTES + 16 * 1024;
/** Less is copied out, so that what is kept takes no more memory than it needs. */
const SMALL_BYTES = 32 * 1024;
const MOST_ROOM = MESSAGE_BODY_LIMIT_BYTES + ROOM_BYTES;
const NO_BYTES = new Uint8Array();
const NIL = 0xc0;
/** The widest elements. */
const PAD_BYTES = 8;

/** What travels together: so many events and words, one after the other. */
export interface Batch {
  readonly body: Uint8Array;
  readonly count: number;
  /** Where the body is; to be given back with `reuse()` when nobody reads it any more, or never. */
  readonly memory?: Uint8Array<ArrayBuffer>;
}

/**
 * Writes events behind each other: a text names the events that follow, a list is the arguments of one. A codec's way for
 * each alone would take longer than all else that is done to a small event.
 */
export class BatchWriter {
  readonly #memory = new BatchMemory();
  readonly #plain = new PlainWriter(this.#memory.take(ROOM_BYTES), (used, end) =>
    this.#grow(used, end),
  );
  /** In front there is room to move what follows to where its largest part can be read in place. */
  #at = PAD_BYTES;
  #count = 0;
  #event: string | undefined;
  /** For errors. */
  #writing = "";
  readonly #names = new Map<string, Uint8Array>();

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#at - PAD_BYTES;
  }

  /** Throws `usage.invalid-input` when an argument cannot travel, or no frame holds it; then nothing of it is there. */
  addEvent(event: string, args: readonly unknown[]): void {
    const start = this.#at;
    this.#writing = event;
    try {
      if (event !== this.#event) this.#put(this.#nameOf(event));
      this.#value(args);
      this.#checkLength(start);
    } catch (error) {
      this.#undo(start);
      throw error;
    }
    this.#event = event;
    this.#count += 1;
  }

  /**
   * Gives what was written, and begins anew. `before` tells how much will stand in front of it in its frame: nothings
   * (`nil`) are put between, so that a large array lies where its elements can be read in place.
   */
  take(before: () => number = () => 0): Batch {
    const { bytes, alignAt } = this.#plain;
    const count = this.#count;
    const end = this.#at;
    const pad = alignAt < 0 ? 0 : padOf(before() + alignAt - PAD_BYTES);
    const start = PAD_BYTES - pad;
    bytes.fill(NIL, start, PAD_BYTES);
    this.#count = 0;
    this.#at = PAD_BYTES;
    this.#event = undefined;
    this.#plain.alignAt = -1;
    if (end < SMALL_BYTES) return { body: bytes.slice(start, end), count };
    this.#plain.use(this.#memory.take(ROOM_BYTES));
    return { body: bytes.subarray(start, end), count, memory: bytes };
  }

  /** Nobody reads this memory any more. */
  reuse(memory: Uint8Array<ArrayBuffer>): void {
    this.#memory.give(memory);
  }

  #value(value: readonly unknown[]): void {
    const { alignAt } = this.#plain;
    const end = this.#plain.write(value, this.#at);
    if (end >= 0) {
      this.#at = end;
    } else {
      this.#plain.alignAt = alignAt;
      this.#checkReadable(value);
      packFrame(value, this.#put);
    }
  }

  /** What others cannot read would end the lines to them, and be lost with all that travels beside it. */
  #checkReadable(args: readonly unknown[]): void {
    const isWord = this.#writing === WORDS;
    const fault = findFault(isWord ? args.at(-1) : args);
    if (fault === undefined) return;
    throw this.#refused(fault, isWord ? undefined : "Arguments are counted from 0.");
  }

  #undo(start: number): void {
    this.#at = start;
    if (this.#plain.alignAt >= start) this.#plain.alignAt = -1;
  }

  get #bytes(): Uint8Array<ArrayBuffer> {
    return this.#plain.bytes;
  }

  readonly #put = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
    const end = this.#at + bytes.length;
    if (end > this.#bytes.length) this.#grow(this.#at, end);
    if (end > this.#bytes.length) throw this.#tooLarge(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at = end;
    return NO_BYTES;
  };

  #checkLength(start: number): void {
    if (this.#at > MESSAGE_BODY_LIMIT_BYTES) throw this.#tooLarge(this.#at - start);
  }

  #tooLarge(bytes: number): DingError {
    const limit = MESSAGE_BODY_LIMIT_BYTES - BATCH_BYTES;
    const told = `it takes ${bytes} bytes, the limit is ${limit}`;
    return this.#refused(told, "Send it in pieces, or write it to a file that all nodes can read.");
  }

  #refused(why: string, hint: string | undefined): DingError {
    const event = this.#writing;
    const what = event === WORDS ? "send request or answer" : `emit event "${event}"`;
    return new DingError("usage.invalid-input", `Cannot ${what}: ${why}`, { hint });
  }

  #grow(used: number, end: number): void {
    if (end > MOST_ROOM) return; // too large to travel, as will be told
    const old = this.#bytes;
    // One that has grown already may grow on, and would be copied each time.
    const room = old.length > ROOM_BYTES ? Math.max(end, Math.min(2 * old.length, MOST_ROOM)) : end;
    const grown = this.#memory.take(room);
    grown.set(old.subarray(0, used));
    this.#plain.use(grown);
    this.#memory.give(old);
  }

  #nameOf(event: string): Uint8Array {
    const known = this.#names.get(event);
    if (known) return known;
    const name = encodeFrame(event);
    if (this.#names.size < MOST_NAMES) this.#names.set(event, name);
    return name;
  }
}

const MOST_NAMES = 1_024;

/** What is missing to the next place for elements of any width. */
function padOf(at: number): number {
  return (PAD_BYTES - (at % PAD_BYTES)) % PAD_BYTES;
}
