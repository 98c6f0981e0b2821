/** How much may be on its way without an acknowledgement. */
export interface Window {
  bytes: number;
  messages: number;
}

/** Small messages travel together up to this size. */
const FRAME_BYTES = 64 * 1024;

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
  #messages: Uint8Array[] = [];
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

  /** True when more should not be added before some is acknowledged. */
  get isFull(): boolean {
    return this.bytes >= this.#window.bytes || this.size >= this.#window.messages;
  }

  add(message: Uint8Array): void {
    this.#messages.push(message);
    this.#waitingBytes += message.length;
  }

  /** The next frame, `prefix` first, or undefined when nothing waits or the window is full. */
  next(prefix?: Uint8Array): Uint8Array | undefined {
    const inFlight = this.#unsent - this.#dead;
    const parts: Uint8Array[] = prefix ? [prefix] : [];
    let bytes = prefix?.length ?? 0;
    let index = this.#unsent;
    for (; index < this.#messages.length; index++) {
      const message = this.#messages[index] as Uint8Array;
      const isFirst = index === this.#unsent;
      if (!isFirst && bytes + message.length > FRAME_BYTES) break;
      const sent = inFlight + (index - this.#unsent);
      const isOver =
        sent >= this.#window.messages || this.#sentBytes + message.length > this.#window.bytes;
      if (isOver && sent > 0) break;
      parts.push(message);
      bytes += message.length;
      this.#sentBytes += message.length;
      this.#waitingBytes -= message.length;
    }
    if (index === this.#unsent) return undefined;
    this.#unsent = index;
    return parts.length === 1 ? parts[0] : join(parts, bytes);
  }

  /** The other end has `total` messages; false when it cannot have. */
  acknowledge(total: number): boolean {
    const count = total - this.#acknowledged;
    if (count < 0 || count > this.#unsent - this.#dead) return false;
    for (let index = this.#dead; index < this.#dead + count; index++) {
      const message = this.#messages[index] as Uint8Array;
      this.#sentBytes -= message.length;
      this.#messages[index] = EMPTY;
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

  #compact(): void {
    this.#messages = this.#messages.slice(this.#dead);
    this.#unsent -= this.#dead;
    this.#dead = 0;
  }
}

/** One array with memory of its own: ipc sends all the memory behind a view. */
function join(parts: Uint8Array[], length: number): Uint8Array {
  const frame = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    frame.set(part, offset);
    offset += part.length;
  }
  return frame;
}

const EMPTY = new Uint8Array(0);
