import type { TensorSpec } from "../../protocol/datatype.ts";
import { sizeOf, Tensor } from "../../protocol/tensor.ts";
import { arrayOf, textOf, type Elements } from "./elements.ts";
import { ItemFault } from "./item-fault.ts";
import { READ_SCALAR, told } from "./scalars.ts";

/** A tensor of one item. */
export interface ReadTensor {
  readonly elements: Elements;
  /** Without the batch axis. */
  readonly shape: readonly number[];
}

type List = readonly unknown[] | (ArrayLike<number> & ArrayBufferView);
type Fill = (leaf: unknown, index: number, path: () => string) => void;

/**
 * Reads a tensor of one item out of what people write: typed arrays, lists in
 * lists or flat, a Tensor, one element. Throws ItemFault with the path of what
 * does not fit.
 */
export class TensorReader {
  readonly name: string;
  readonly spec: TensorSpec;
  readonly #tail: readonly number[];
  /** How many elements an item has; undefined when an axis is free. */
  readonly #size: number | undefined;
  readonly #array: ReturnType<typeof arrayOf> | undefined;

  constructor(name: string, spec: TensorSpec) {
    this.name = name;
    this.spec = spec;
    this.#tail = spec.shape.slice(1);
    this.#size = this.#tail.includes(-1) ? undefined : sizeOf(this.#tail);
    this.#array = spec.datatype === "BYTES" ? undefined : arrayOf(spec.datatype);
  }

  /** Does the rest of a shape fit? */
  fits(tail: readonly number[]): boolean {
    return (
      tail.length === this.#tail.length &&
      this.#tail.every((size, axis) => size === -1 || size === tail[axis])
    );
  }

  read(given: unknown): ReadTensor {
    if (this.#array && given instanceof this.#array) {
      if (given.length === this.#size) return { elements: given, shape: this.#tail };
      return { elements: given, shape: this.#shapeOf([given.length]) };
    }
    if (given instanceof Tensor) {
      const shape = this.#shapeOf(given.shape);
      const isHeld = this.#array !== undefined && given.data instanceof this.#array;
      return { elements: isHeld ? given.data : this.#elementsOf(given.data as never), shape };
    }
    if (isList(given, this.#array !== undefined)) return this.#readList(given);
    if (typeof given === "object" && !(given instanceof Uint8Array)) {
      throw new ItemFault(this.name, `${told(given)} is no tensor`);
    }
    return this.#readList([given], []);
  }

  /** Zeros, or empty texts; throws ItemFault when an axis is free. */
  zeros(): Elements {
    if (this.#size === undefined) {
      throw new ItemFault(this.name, `shape [${this.spec.shape.join(", ")}] does not say its size`);
    }
    if (this.#array) return new this.#array(this.#size);
    const { as } = this.spec;
    return Array.from({ length: this.#size }, () =>
      as === "text" ? "" : new Uint8Array(),
    ) as Elements;
  }

  #readList(
    list: List,
    dims: readonly number[] = dimsOf(list, this.#array !== undefined),
  ): ReadTensor {
    const shape = this.#shapeOf(dims);
    if (dims.length > 1) this.#checkLengths(list, dims, []);
    return { elements: this.#elementsOf(list, dims), shape };
  }

  #elementsOf(list: List, dims: readonly number[] = [list.length]): Elements {
    const count = sizeOf(dims);
    const { elements, fill } = this.#array ? this.#numbers(count) : this.#bytes(count);
    if (dims.length === 0) fill(list[0], 0, () => this.name);
    else this.#fill(list, { fill, at: { index: 0 }, depth: dims.length, path: [] });
    return elements;
  }

  #numbers(count: number): { elements: Elements; fill: Fill } {
    const elements = new (this.#array as ReturnType<typeof arrayOf>)(count);
    const { datatype } = this.spec;
    const read = READ_SCALAR[datatype as Exclude<typeof datatype, "BYTES">];
    const fill: Fill = (leaf, index, path) => {
      (elements as { [index: number]: number | bigint })[index] = read(leaf, path);
    };
    return { elements, fill };
  }

  #bytes(count: number): { elements: Elements; fill: Fill } {
    const elements = Array.from({ length: count }) as (Uint8Array | string)[];
    const isText = this.spec.as === "text";
    const fill: Fill = (leaf, index, path) => {
      elements[index] = bytesElement(leaf, isText, path);
    };
    return { elements: elements as Elements, fill };
  }

  #fill(
    list: List,
    step: { fill: Fill; at: { index: number }; depth: number; path: readonly number[] },
  ): void {
    const { fill, at, depth, path } = step;
    let here = 0;
    const place = (): string => [this.name, ...path, here].join(".");
    for (; here < list.length; here++) {
      const member: unknown = list[here];
      if (depth === 1) fill(member, at.index++, place);
      else this.#fill(member as List, { fill, at, depth: depth - 1, path: [...path, here] });
    }
  }

  /** Lists of one depth must be as long as the first of them. */
  #checkLengths(list: List, dims: readonly number[], path: readonly number[]): void {
    const [, ...rest] = dims;
    for (let index = 0; index < list.length; index++) {
      const member: unknown = list[index];
      const place = [...path, index];
      if (!isList(member, this.#array !== undefined) || member.length !== rest[0]) {
        const got = isList(member, true) ? `a list of ${member.length}` : told(member);
        throw new ItemFault(
          [this.name, ...place].join("."),
          `a list of ${rest[0]} is needed: got ${got}`,
        );
      }
      if (rest.length > 1) this.#checkLengths(member, rest, place);
    }
  }

  /** The shape that so many elements have; flat ones take the model's. */
  #shapeOf(dims: readonly number[]): readonly number[] {
    if (this.fits(dims)) return dims;
    if (dims.length <= 1) {
      const count = dims[0] ?? 1;
      if (count === this.#size) return this.#tail;
      const known = this.#tail.reduce((size, one) => (one === -1 ? size : size * one), 1);
      const free = this.#tail.filter((size) => size === -1).length;
      if (free === 1 && known > 0 && count % known === 0) {
        return this.#tail.map((size) => (size === -1 ? count / known : size));
      }
      if (free > 1) {
        const why = `shape [${this.#tail.join(", ")}] is not to be seen in a flat list`;
        throw new ItemFault(this.name, `${why}: give lists in lists, or a Tensor`);
      }
    }
    const message = `shape [${this.#tail.join(", ")}] is needed: got [${dims.join(", ")}]`;
    throw new ItemFault(this.name, message);
  }
}

/** A list of elements, or of lists; for BYTES a byte string is an element. */
function isList(value: unknown, ofNumbers: boolean): value is List {
  return (
    Array.isArray(value) || (ofNumbers && ArrayBuffer.isView(value) && !(value instanceof DataView))
  );
}

/** How long the lists of each depth are, by the first of each; as deep as any shape is. */
function dimsOf(list: List, ofNumbers: boolean): number[] {
  const dims: number[] = [];
  let at: unknown = list;
  while (isList(at, ofNumbers) && dims.length <= MOST_AXES) {
    dims.push(at.length);
    at = at[0];
  }
  return dims;
}

const MOST_AXES = 32;

function bytesElement(leaf: unknown, isText: boolean, path: () => string): Uint8Array | string {
  if (typeof leaf === "string") return isText ? leaf : encoder.encode(leaf);
  if (leaf instanceof Uint8Array) return isText ? textOf(leaf, path()) : leaf;
  throw new ItemFault(path(), `${told(leaf)} is no text and no byte string`);
}

const encoder = new TextEncoder();
