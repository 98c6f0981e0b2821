import { bytesWithRoom } from "../../rpc/headroom.ts";

const MOST_BYTES = 16 * 1024 * 1024;
const MOST_PIECES = 64;

/**
 * Memory to write batches into. What nobody needs any more is used again: new memory comes in pages that have to be
 * cleared first, which takes longer than to write a tensor there.
 */
export class BatchMemory {
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #bytes = 0;

  /** So many bytes or somewhat more, with room for a head in front; what is in them is left from before. */
  take(length: number): Uint8Array<ArrayBuffer> {
    const index = this.#free.findLastIndex((one) => {
      return one.length >= length && one.length <= 2 * length;
    });
    const [found] = index < 0 ? [] : this.#free.splice(index, 1);
    this.#bytes -= found?.length ?? 0;
    return found ?? bytesWithRoom(length);
  }

  /** What was taken and nobody reads any more; the oldest makes way where there is too much. */
  give(memory: Uint8Array<ArrayBuffer>): void {
    this.#free.push(memory);
    this.#bytes += memory.length;
    while (this.#bytes > MOST_BYTES || this.#free.length > MOST_PIECES) {
      this.#bytes -= this.#free.shift()?.length ?? 0;
    }
  }
}
