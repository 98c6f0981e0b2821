import { createMappedFile, openMappedFile, type MappedFile } from "../../runtime/map-file.ts";

/** Typed arrays shorter than this travel as fast in the message. */
const LEAST_BYTES = 4_096;
/** Deeper than this nobody looks for arrays. */
const MOST_DEPTH = 8;
/** So that every element type may begin there. */
const ALIGNMENT = 16;

const TYPES = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};
type TypeName = keyof typeof TYPES;

/** Where an array of a result lies: its place in the value, its type, the first byte, the number of bytes. */
type Placed = [path: (string | number)[], type: TypeName, offset: number, bytes: number];

/** A result as it is sent. */
export interface SharedResult {
  value: unknown;
  placed: Placed[];
}

/** Memory that a child and its supervisor share: the child writes, then tells; the supervisor reads before it asks more. */
export class SharedResults implements Disposable {
  readonly #file: MappedFile;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  private constructor(file: MappedFile, bytes: Uint8Array<ArrayBuffer>) {
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Undefined where the system has no such thing, or no memory left: then all is sent. */
  static create(bytes: number): SharedResults | undefined {
    const file = createMappedFile(bytes);
    return file?.reserve(0, bytes) ? SharedResults.#of(file) : SharedResults.#none(file);
  }

  static open(path: string): SharedResults | undefined {
    const file = openMappedFile(path);
    return file && SharedResults.#of(file);
  }

  get path(): string {
    return this.#file.path;
  }

  /** Puts what fits into the memory; the rest stays in the value. */
  write(value: unknown): SharedResult {
    const placed: Placed[] = [];
    let end = 0;
    const visit = (part: unknown, path: (string | number)[]): unknown => {
      const type = typeOf(part);
      if (type !== undefined) {
        const { buffer, byteOffset, byteLength } = part as Uint8Array;
        const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
        if (byteLength < LEAST_BYTES || offset + byteLength > this.#bytes.length) return part;
        this.#bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
        end = offset + byteLength;
        placed.push([path, type, offset, byteLength]);
        return null;
      }
      if (path.length >= MOST_DEPTH) return part;
      if (Array.isArray(part)) return part.map((item, at) => visit(item, [...path, at]));
      if (!isPlain(part)) return part;
      const entries = Object.entries(part).map(([key, item]) => [key, visit(item, [...path, key])]);
      return Object.fromEntries(entries) as unknown;
    };
    return { value: visit(value, []), placed };
  }

  /** The value as it was, its arrays in memory of their own. */
  read({ value, placed }: SharedResult): unknown {
    const root = { value };
    for (const [path, type, offset, bytes] of placed) {
      const own = this.#bytes.slice(offset, offset + bytes).buffer;
      put(root, ["value", ...path], new TYPES[type](own));
    }
    return root.value;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  static #of(file: MappedFile): SharedResults | undefined {
    const bytes = file.map(0, file.size);
    return bytes ? new SharedResults(file, bytes) : SharedResults.#none(file);
  }

  static #none(file: MappedFile | undefined): undefined {
    file?.[Symbol.dispose]();
    return undefined;
  }
}

function typeOf(value: unknown): TypeName | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  const { name } = value.constructor;
  return Object.hasOwn(TYPES, name) ? (name as TypeName) : undefined;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function put(root: object, path: (string | number)[], array: ArrayBufferView): void {
  let at = root as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  at[path.at(-1) ?? ""] = array;
}
