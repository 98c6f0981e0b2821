import { inputFault } from "../faults.ts";
import type { Column, ColumnData } from "./column.ts";
import { ELEMENTS, type ColumnPlan, type NumberArray } from "./schema.ts";

const BLOCK_BYTES = 64 * 1024 * 1024;
/** From here on the platform's copy is faster than a loop. */
const WIDE_BYTES = 256;

type Words = Int32Array | Uint8Array;

/**
 * A column of numbers, in blocks of rows that are made when they are needed. Rows are moved as words of 32 bits, or as
 * bytes where their size is odd, whatever their elements are. Both have a loop of their own: one that both share takes
 * three times as long, as soon as the compiler has seen it with both.
 */
export class NumberColumn implements Column {
  readonly plan: ColumnPlan;
  readonly rowBytes: number;
  readonly #elements: (typeof ELEMENTS)[keyof typeof ELEMENTS];
  readonly #words: typeof Int32Array | typeof Uint8Array;
  /** Words of a row. */
  readonly #width: number;
  /** A block has 2^shift rows. */
  readonly #shift: number;
  readonly #blocks: Words[] = [];

  constructor(plan: ColumnPlan, expectedRows: number) {
    this.plan = plan;
    this.#elements = ELEMENTS[plan.dtype as keyof typeof ELEMENTS];
    this.rowBytes = plan.width * this.#elements.BYTES_PER_ELEMENT;
    this.#words = this.rowBytes % 4 === 0 ? Int32Array : Uint8Array;
    this.#width = this.rowBytes / this.#words.BYTES_PER_ELEMENT;
    const most = Math.max(1, Math.floor(BLOCK_BYTES / this.rowBytes));
    this.#shift = Math.min(
      Math.ceil(Math.log2(Math.max(1, expectedRows))),
      Math.floor(Math.log2(most)),
    );
  }

  grow(rows: number): void {
    while (this.#blocks.length << this.#shift < rows) {
      this.#blocks.push(new this.#words(this.#width << this.#shift));
    }
  }

  countOf(data: unknown): number {
    const { name, width } = this.plan;
    const length = Array.isArray(data) || ArrayBuffer.isView(data) ? lengthOf(data) : NaN;
    if (!Number.isInteger(length / width)) {
      throw inputFault(
        `Cannot store column "${name}": ${describe(data)} is no list of ${width} numbers a step`,
      );
    }
    if (!(data instanceof this.#elements)) this.#check(data as ArrayLike<unknown>);
    return length / width;
  }

  write(row: number, count: number, { data, at }: { data: unknown; at: number }): void {
    const { width } = this.plan;
    const numbers =
      data instanceof this.#elements
        ? (data as NumberArray)
        : new this.#elements((data as number[]).slice(at * width, (at + count) * width));
    let from = numbers.byteOffset + (numbers === data ? at * this.rowBytes : 0);
    let bytesLeft = count * this.rowBytes;
    const buffer = numbers.buffer as ArrayBuffer;
    for (; bytesLeft > 0;) {
      const block = this.#blocks[row >> this.#shift] as Words;
      const within = (row & ((1 << this.#shift) - 1)) * this.rowBytes;
      const bytes = Math.min(bytesLeft, block.byteLength - within);
      new Uint8Array(block.buffer, within, bytes).set(new Uint8Array(buffer, from, bytes));
      from += bytes;
      bytesLeft -= bytes;
      row += bytes / this.rowBytes;
    }
  }

  make(steps: number): NumberArray {
    return new this.#elements(steps * this.plan.width);
  }

  gather(rows: Int32Array, count: number, out: ColumnData): void {
    const { buffer, byteOffset } = out as NumberArray;
    const target = new this.#words(buffer as ArrayBuffer, byteOffset, count * this.#width);
    if (this.rowBytes >= WIDE_BYTES) this.#gatherWide(rows, count, target);
    else if (target instanceof Int32Array) this.#gatherWords(rows, count, target);
    else this.#gatherBytes(rows, count, target);
  }

  copy(from: number, to: number): NumberArray {
    const rows = new Int32Array(to - from);
    for (let i = 0; i < rows.length; i++) rows[i] = from + i;
    const out = this.make(rows.length);
    this.gather(rows, rows.length, out);
    return out;
  }

  forget(): void {} // is overwritten

  /** Refuses what would become another number, or none. */
  #check(values: ArrayLike<unknown>): void {
    const { name, dtype, width } = this.plan;
    const isFloat = dtype.startsWith("float");
    const place = new this.#elements(1);
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      if (typeof value === "boolean" || (typeof value === "number" && isFloat)) continue;
      if (typeof value === "number") place[0] = value;
      if (typeof value === "number" && place[0] === value) continue;
      const what =
        typeof value === "number" ? `${value} is no ${dtype}` : `it has ${kindOf(value)}`;
      const step = Math.floor(at / width);
      throw inputFault(`Cannot store column "${name}" of step ${step}: ${what}`);
    }
  }

  #gatherWide(rows: Int32Array, count: number, target: Words): void {
    const width = this.#width;
    const mask = (1 << this.#shift) - 1;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      if (row < 0) {
        target.fill(0, i * width, (i + 1) * width);
        continue;
      }
      const from = (row & mask) * width;
      const block = this.#blocks[row >> this.#shift] as Words;
      target.set(block.subarray(from, from + width), i * width);
    }
  }

  #gatherWords(rows: Int32Array, count: number, target: Int32Array): void {
    const [block] = this.#blocks;
    if (this.#blocks.length > 1 || block === undefined) this.#gatherBlocks(rows, count, target);
    else if (this.#width === 1) gatherOnes(rows, count, { block: block as Int32Array, target });
    else if (this.#width === 4) gatherFours(rows, count, { block: block as Int32Array, target });
    else this.#gatherBlocks(rows, count, target);
  }

  #gatherBlocks(rows: Int32Array, count: number, target: Int32Array): void {
    const width = this.#width;
    const mask = (1 << this.#shift) - 1;
    let to = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      if (row < 0) {
        for (let word = 0; word < width; word++) target[to++] = 0;
        continue;
      }
      const block = this.#blocks[row >> this.#shift] as Int32Array;
      let from = (row & mask) * width;
      for (let word = 0; word < width; word++) target[to++] = block[from++] as number;
    }
  }

  #gatherBytes(rows: Int32Array, count: number, target: Uint8Array): void {
    const width = this.#width;
    const mask = (1 << this.#shift) - 1;
    let to = 0;
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number;
      if (row < 0) {
        for (let byte = 0; byte < width; byte++) target[to++] = 0;
        continue;
      }
      const block = this.#blocks[row >> this.#shift] as Uint8Array;
      let from = (row & mask) * width;
      for (let byte = 0; byte < width; byte++) target[to++] = block[from++] as number;
    }
  }
}

interface Move {
  block: Int32Array;
  target: Int32Array;
}

function gatherOnes(rows: Int32Array, count: number, { block, target }: Move): void {
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    target[at] = row < 0 ? 0 : (block[row] as number);
  }
}

function gatherFours(rows: Int32Array, count: number, { block, target }: Move): void {
  for (let at = 0; at < count; at++) {
    const row = rows[at] as number;
    const to = 4 * at;
    if (row < 0) {
      target.fill(0, to, to + 4);
      continue;
    }
    const from = 4 * row;
    target[to] = block[from] as number;
    target[to + 1] = block[from + 1] as number;
    target[to + 2] = block[from + 2] as number;
    target[to + 3] = block[from + 3] as number;
  }
}

function lengthOf(data: unknown): number {
  return (data as { length?: number }).length ?? NaN;
}

function describe(data: unknown): string {
  if (Array.isArray(data)) return `a list of ${data.length}`;
  if (ArrayBuffer.isView(data)) return `${data.constructor.name}(${lengthOf(data)})`;
  return data === undefined ? "nothing" : kindOf(data);
}

function kindOf(value: unknown): string {
  return value === null ? "null" : `a value of type ${typeof value}`;
}
