/** Cache lines: two users never write to the same one. */
const ALIGNMENT_BYTES = 64;

/** Has the system put memory behind these places? */
export type Reserve = (from: number, to: number) => boolean;

/** Memory is asked for in steps of this: asking is a system call. */
const STEP_BYTES = 1024 * 1024;

interface Block {
  readonly from: number;
  readonly to: number;
}

/**
 * Which parts of a range of memory are taken. Pure but for `reserve`, which is
 * asked before a place is given out for the first time. The lowest place that
 * fits is taken, so that memory which was never needed is never touched.
 */
export class Arena {
  readonly #end: number;
  readonly #reserve: Reserve;
  /** By place, with gaps between them. */
  readonly #free: Block[];
  readonly #taken = new Map<number, number>();
  #reserved: number;

  constructor(from: number, bytes: number, reserve: Reserve) {
    this.#end = from + bytes;
    this.#reserve = reserve;
    this.#free = bytes > 0 ? [{ from, to: this.#end }] : [];
    this.#reserved = from;
  }

  /** Nothing is taken. */
  get isEmpty(): boolean {
    return this.#taken.size === 0;
  }

  /** A place for so many bytes, or undefined when there is none. */
  take(bytes: number): number | undefined {
    const size = Math.max(1, Math.ceil(bytes / ALIGNMENT_BYTES)) * ALIGNMENT_BYTES;
    const index = this.#free.findIndex(({ from, to }) => to - from >= size);
    const block = this.#free[index];
    if (!block) return undefined;
    const { from } = block;
    const end = from + size;
    if (!this.#hasMemory(end)) return undefined;
    if (end === block.to) this.#free.splice(index, 1);
    else this.#free[index] = { from: end, to: block.to };
    this.#taken.set(from, end);
    return from;
  }

  /** Gives back what `take` gave; twice is once. */
  give(from: number): void {
    const to = this.#taken.get(from);
    if (to === undefined) return;
    this.#taken.delete(from);
    const later = this.#free.findIndex((block) => block.from >= to);
    const index = later < 0 ? this.#free.length : later;
    const before = this.#free[index - 1];
    const after = this.#free[index];
    const joinsBefore = before?.to === from;
    const joinsAfter = after?.from === to;
    const whole = { from: joinsBefore ? before.from : from, to: joinsAfter ? after.to : to };
    const removed = Number(joinsBefore) + Number(joinsAfter);
    this.#free.splice(joinsBefore ? index - 1 : index, removed, whole);
  }

  #hasMemory(end: number): boolean {
    if (end <= this.#reserved) return true;
    const to = Math.min(this.#end, Math.ceil(end / STEP_BYTES) * STEP_BYTES);
    if (!this.#reserve(this.#reserved, to)) return false;
    this.#reserved = to;
    return true;
  }
}
