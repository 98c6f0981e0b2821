import { encodeAck } from "./message-parts.ts";

/** So much has come since the last acknowledgement. */
export interface AckThreshold {
  bytes: number;
  messages: number;
}

/**
 * Counts what has arrived, and knows how much of it the other end has not been
 * told of. Pure: somebody else decides when to tell.
 */
export class Inbox {
  #received = 0;
  #acknowledged = 0;
  #untoldBytes = 0;
  #untoldSinceMs: number | undefined;

  /** How many counted messages have arrived. */
  get received(): number {
    return this.#received;
  }

  /** True when the other end has not been told of everything. */
  get isUntold(): boolean {
    return this.#received !== this.#acknowledged;
  }

  /** When the oldest thing that the other end has not been told of was noticed, for `noteUntold`. */
  get untoldSinceMs(): number | undefined {
    return this.#untoldSinceMs;
  }

  /** Call after each frame with what is untold: its age counts from the first call. */
  noteUntold(now: () => number): void {
    this.#untoldSinceMs ??= now();
  }

  /** A counted message has arrived. */
  count(): void {
    this.#received += 1;
  }

  /** A whole frame has been read. */
  addBytes(bytes: number): void {
    this.#untoldBytes += bytes;
  }

  /** Is so much untold? */
  isDue({ bytes, messages }: AckThreshold): boolean {
    const count = this.#received - this.#acknowledged;
    return count >= messages || (count > 0 && this.#untoldBytes >= bytes);
  }

  /** The message that tells of everything, or undefined when there is nothing to tell. */
  takeAck(): Uint8Array | undefined {
    if (!this.isUntold) return undefined;
    this.onTold();
    return encodeAck(this.#received);
  }

  /** The other end knows of everything, by an ACK or a handshake. */
  onTold(): void {
    this.#acknowledged = this.#received;
    this.#untoldBytes = 0;
    this.#untoldSinceMs = undefined;
  }
}
