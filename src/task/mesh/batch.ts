import { DingError } from "../../core/errors.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import { MESSAGE_BODY_LIMIT_BYTES } from "../../rpc/body.ts";
import { bytesWithRoom } from "../../rpc/headroom.ts";
import { PlainWriter } from "./plain-writer.ts";

/** From so many bytes on a batch travels. */
export const BATCH_BYTES: number = 64 * 1024;

const ROOM_BYTES = BATCH_BYTES + 16 * 1024;
/** Less is copied out, so that what is kept takes no more memory than it needs. */
const SMALL_BYTES = 32 * 1024;
const NO_BYTES = new Uint8Array();

/** What travels together: so many events and words, one after the other. */
export interface Batch {
  readonly body: Uint8Array;
  readonly count: number;
}

/**
 * Writes events behind each other: a text names the events that follow, a list is the arguments of one, and a map is a
 * word of the nodes. A codec's way for each alone would take longer than all else that is done to a small event.
 */
export class BatchWriter {
  readonly #plain = new PlainWriter(bytesWithRoom(ROOM_BYTES));
  #at = 0;
  #count = 0;
  #event: string | undefined;
  readonly #names = new Map<string, Uint8Array>();

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#at;
  }

  /** Throws `usage.invalid-input` when an argument cannot travel, or no frame holds it; then nothing of it is there. */
  addEvent(event: string, args: readonly unknown[]): void {
    const start = this.#at;
    try {
      if (event !== this.#event) this.#put(this.#nameOf(event));
      this.#value(args);
      this.#checkLength(start);
    } catch (error) {
      this.#at = start;
      throw error;
    }
    this.#event = event;
    this.#count += 1;
  }

  /** As `addEvent()`. */
  addWord(word: object): void {
    const start = this.#at;
    try {
      this.#value(word);
      this.#checkLength(start);
    } catch (error) {
      this.#at = start;
      throw error;
    }
    this.#count += 1;
  }

  /** Gives what was written, and begins anew. */
  take(): Batch {
    const count = this.#count;
    const bytes = this.#at;
    this.#count = this.#at = 0;
    this.#event = undefined;
    if (bytes < SMALL_BYTES) return { body: this.#bytes.slice(0, bytes), count };
    const body = this.#bytes.subarray(0, bytes);
    this.#plain.use(bytesWithRoom(ROOM_BYTES));
    return { body, count };
  }

  #value(value: unknown): void {
    const end = this.#plain.write(value, this.#at);
    if (end >= 0) this.#at = end;
    else encodeFrame(value, this.#put);
  }

  get #bytes(): Uint8Array<ArrayBuffer> {
    return this.#plain.bytes;
  }

  readonly #put = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
    const end = this.#at + bytes.length;
    if (end > this.#bytes.length) this.#grow(end);
    this.#bytes.set(bytes, this.#at);
    this.#at = end;
    return NO_BYTES;
  };

  #checkLength(start: number): void {
    if (this.#at <= MESSAGE_BODY_LIMIT_BYTES) return;
    const told = `it takes ${this.#at - start} bytes, the limit is ${MESSAGE_BODY_LIMIT_BYTES - BATCH_BYTES}`;
    throw new DingError("usage.invalid-input", `Cannot emit event: ${told}`, {
      hint: "Emit it in pieces, or write it to a file that all nodes can read.",
    });
  }

  #grow(end: number): void {
    const grown = bytesWithRoom(end);
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#plain.use(grown);
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
