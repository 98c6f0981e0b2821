import type { Outgoing } from "./pubsub-driver.ts";

export interface OutboxLimits {
  messages: number;
  bytes: number;
}

interface Entry {
  outgoing: Outgoing;
  /** It ends a message. */
  isLast: boolean;
}

/** What one call of the driver takes at most. */
const BATCH = { frames: 2_048, bytes: 1024 * 1024 };

/** What waits for the broker, in order; bounded in messages and bytes. Pure. */
export class Outbox {
  readonly #limits: OutboxLimits;
  #waiting: (Entry | undefined)[] = [];
  #gone = 0;
  #messages = 0;
  #bytes = 0;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === this.#gone;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Less than half of what may wait does. */
  get hasRoom(): boolean {
    const { messages, bytes } = this.#limits;
    return this.#messages * 2 < messages && this.#bytes * 2 < bytes;
  }

  /** May a message of so many bytes wait too? One alone may, of whatever size. */
  takes(bytes: number): boolean {
    if (this.#messages === 0) return true;
    return this.#messages < this.#limits.messages && this.#bytes + bytes <= this.#limits.bytes;
  }

  add(frames: readonly Outgoing[]): void {
    this.#messages += 1;
    for (const [at, outgoing] of frames.entries()) {
      this.#bytes += outgoing.frame.length;
      this.#waiting.push({ outgoing, isLast: at === frames.length - 1 });
    }
  }

  /** What goes next; it stays until `sent()`. */
  batch(): Outgoing[] {
    const batch: Outgoing[] = [];
    let bytes = 0;
    for (let at = this.#gone; at < this.#waiting.length; at++) {
      const outgoing = this.#waiting[at]?.outgoing;
      if (!outgoing || batch.length === BATCH.frames) break;
      bytes += outgoing.frame.length;
      if (batch.length > 0 && bytes > BATCH.bytes) break;
      batch.push(outgoing);
    }
    return batch;
  }

  /** The broker has the first so many frames. */
  sent(frames: number): void {
    for (const entry of this.#waiting.slice(this.#gone, this.#gone + frames)) {
      this.#bytes -= entry?.outgoing.frame.length ?? 0;
      if (entry?.isLast) this.#messages -= 1;
    }
    this.#waiting.fill(undefined, this.#gone, this.#gone + frames); // its bytes are free at once
    this.#gone += frames;
    if (this.#gone * 2 < this.#waiting.length) return;
    this.#waiting = this.#waiting.slice(this.#gone);
    this.#gone = 0;
  }
}
