import { frameInPlace } from "./headroom.ts";
import type { MessageParts } from "./message-parts.ts";

/** How much may be on its way without an acknowledgement. */
export interface Window {
  bytes: number;
  messages: number;
}

/** Small messages travel together up to this size. */
const FRAME_BYTES = 64 * 1024;
const LOOP_BYTES = 64;

/**
 * What one end has to say and has said, until the other end acknowledges it.
 * Pure: it decides what goes into the next frame and what is said again after
 * a broken link; somebody else sends it.
 *
 *   add() → waiting ── next() → sent ── acknowledge() → forgotten
 *              ↑                 │
 *              └──── rewind() ───┘
 *
 * Messages are numbered by counting: both ends count alike, so that no number
 * travels with them.
 */
export class Outbox {
  readonly #window: Window;
  /** Sent, not acknowledged; then, from `#unsent` on, waiting. */
  #messages: MessageParts[] = [];
  #unsent = 0;
  #sentBytes = 0;
  #waitingBytes = 0;
  /** How many messages the other end has acknowledged since the beginning. */
  #acknowledged = 0;
  /** Acknowledged messages still at the front of the array; cut off now and then. */
  #dead = 0;

  constructor(window: Window) {
    this.#window = window;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Messages that are not acknowledged, sent or not. */
  get size(): number {
    return this.#messages.length - this.#dead;
  }

  /** Messages that wait to be sent. */
  get waiting(): number {
    return this.#messages.length - this.#unsent;
  }

  get bytes(): number {
    return this.#sentBytes + this.#waitingBytes;
  }

  /** True when the next frame holds one message, too large to travel with others. */
  get isNextLarge(): boolean {
    const next = this.#messages[this.#unsent];
    return next !== undefined && lengthOf(next) > FRAME_BYTES;
  }

  add(message: MessageParts): void {
    this.#messages.push(message);
    this.#waitingBytes += lengthOf(message);
  }

  /** The next frame, `prefix` first, or undefined when nothing waits or the window is full. */
  next(prefix?: Uint8Array): Uint8Array | undefined {
    const first = this.#unsent;
    const inFlight = first - this.#dead;
    let frameBytes = prefix?.length ?? 0;
    let index = first;
    for (; index < this.#messages.length; index++) {
      const bytes = lengthOf(this.#messages[index] as MessageParts);
      if (index > first && frameBytes + bytes > FRAME_BYTES) break;
      const sent = inFlight + (index - first);
      const isOver = sent >= this.#window.messages || this.#sentBytes + bytes > this.#window.bytes;
      if (isOver && sent > 0) break;
      frameBytes += bytes;
      this.#sentBytes += bytes;
      this.#waitingBytes -= bytes;
    }
    if (index === first) return undefined;
    this.#unsent = index;
    return this.#frame(prefix, { first, end: index, bytes: frameBytes });
  }

  /** The other end has `total` messages; false when it cannot have. */
  acknowledge(total: number): boolean {
    const count = total - this.#acknowledged;
    if (count < 0 || count > this.#unsent - this.#dead) return false;
    for (let index = this.#dead; index < this.#dead + count; index++) {
      this.#sentBytes -= lengthOf(this.#messages[index] as MessageParts);
      this.#messages[index] = FORGOTTEN;
    }
    this.#dead += count;
    this.#acknowledged = total;
    if (this.#dead > 1024 && this.#dead * 2 > this.#messages.length) this.#compact();
    return true;
  }

  /** A new link: the other end has `total`; everything after it will be sent again. */
  rewind(total: number): boolean {
    if (!this.acknowledge(total)) return false;
    this.#unsent = this.#dead;
    this.#waitingBytes += this.#sentBytes;
    this.#sentBytes = 0;
    return true;
  }

  /** Memory of its own, or nearly so: ipc sends all the memory behind a view. */
  #frame(
    prefix: Uint8Array | undefined,
    { first, end, bytes }: { first: number; end: number; bytes: number },
  ): Uint8Array {
    const only = end - first === 1 && !prefix ? this.#messages[first] : undefined;
    const inPlace = only?.body && frameInPlace(only.head, only.body);
    if (inPlace) return inPlace;
    const frame = new Uint8Array(bytes);
    let offset = prefix ? put(frame, prefix, 0) : 0;
    for (let index = first; index < end; index++) {
      const { head, body } = this.#messages[index] as MessageParts;
      offset = put(frame, head, offset);
      if (body) offset = put(frame, body, offset);
    }
    return frame;
  }

  #compact(): void {
    this.#messages = this.#messages.slice(this.#dead);
    this.#unsent -= this.#dead;
    this.#dead = 0;
  }
}

/** Copies one part to its place; gives the place behind it. For few bytes a loop is faster than a call. */
function put(frame: Uint8Array, part: Uint8Array, offset: number): number {
  const { length } = part;
  if (length > LOOP_BYTES) frame.set(part, offset);
  else for (let index = 0; index < length; index++) frame[offset + index] = part[index] as number;
  return offset + length;
}

function lengthOf({ head, body }: MessageParts): number {
  return head.length + (body?.length ?? 0);
}

const FORGOTTEN: MessageParts = { head: new Uint8Array(0), body: undefined };
