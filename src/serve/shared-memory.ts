import { createMappedFile, type MappedFile } from "../runtime/map-file.ts";
import { Arena } from "./arena.ts";
import type { SharedMemoryPlan } from "./worker-protocol.ts";

/** Where something lies in shared memory. */
export interface Place {
  readonly at: number;
  readonly bytes: number;
}

/** How large the memory may grow; the system gives only what is really used. */
export interface SharedMemoryOptions {
  /** How many workers can answer through it at a time; any further one answers inline. */
  workers: number;
  /** For the batches of all workers; default 256 MiB. */
  batchBytes?: number;
  /** For the answers of each worker; default 64 MiB. */
  answerBytes?: number;
}

const MIB = 1024 * 1024;

/** In front of a worker's answers stands the number of the last one that the server has read. */
export const COUNTER_BYTES = 64;

/**
 * The server's side of the memory that it shares with the workers of a model:
 * it writes batches, and each worker its answers to a part of its own. There
 * are no locks: each part has one writer, who alone gives its places out, and
 * ipc says what lies where.
 *
 *   batch:   encodeBatch takes a place → the worker reads it there → release(), once it is answered or has failed
 *   answer:  encodeAnswer takes a place → decodeAnswer copies it, and counts it as read → the worker takes it again
 */
export class SharedMemory implements Disposable {
  readonly #file: MappedFile;
  readonly #answerBytes: number;
  readonly #batches: Arena;
  readonly #slots: (string | undefined)[];
  readonly #placeOf = new Map<Uint8Array, number>();
  #isUsable = true;

  constructor(file: MappedFile, { workers, answerBytes = 64 * MIB }: SharedMemoryOptions) {
    this.#file = file;
    this.#answerBytes = answerBytes;
    this.#slots = Array.from({ length: workers }, () => undefined);
    const from = workers * answerBytes;
    this.#batches = new Arena(from, file.bytes.length - from, (start, end) =>
      file.reserve(start, end),
    );
  }

  /** What a worker is told in its set-up, undefined when nothing is shared any more; call `takeBack` when it is gone. */
  lend(workerId: string): SharedMemoryPlan | undefined {
    if (!this.#isUsable) return undefined;
    const { path, bytes } = this.#file;
    const slot = this.#slots.indexOf(undefined);
    const at = slot * this.#answerBytes;
    const isLent = slot >= 0 && this.#file.reserve(at, at + COUNTER_BYTES); // which sets it to 0
    if (isLent) this.#slots[slot] = workerId;
    const answers = isLent ? { at, bytes: this.#answerBytes } : { at: 0, bytes: 0 };
    return { path, bytes: bytes.length, answers };
  }

  /** The worker is gone, and its last word has been read; twice is once. */
  takeBack(workerId: string): void {
    const slot = this.#slots.indexOf(workerId);
    if (slot >= 0) this.#slots[slot] = undefined;
  }

  /** A place for a batch; undefined when it is full. */
  take(bytes: number): Place | undefined {
    const at = this.#isUsable ? this.#batches.take(bytes) : undefined;
    return at === undefined ? undefined : { at, bytes };
  }

  /** The bytes of a place; throws nothing and gives fewer when the place is none. */
  view({ at, bytes }: Place): Uint8Array<ArrayBuffer> {
    return this.#file.bytes.subarray(at, at + bytes);
  }

  /** For encodeBatch: the place belongs to this body until that is released. */
  keep(body: Uint8Array, place: Place): void {
    this.#placeOf.set(body, place.at);
  }

  /** The batch with this body is answered or has failed: no worker will read it; twice is once. */
  release(body: Uint8Array): void {
    const at = this.#placeOf.get(body);
    if (at === undefined) return;
    this.#placeOf.delete(body);
    this.#batches.give(at);
  }

  /** For decodeAnswer: everything that the worker with this part has said up to this number has been read. */
  countAsRead(part: number, count: number): void {
    Atomics.store(new Int32Array(this.#file.bytes.buffer, part, 1), 0, count);
  }

  /** A worker cannot open it: from now on nothing goes through it. */
  disable(): void {
    this.#isUsable = false;
  }

  /** Nobody can open it any more; what has it open keeps it. */
  [Symbol.dispose](): void {
    this.disable();
    this.#file[Symbol.dispose]();
  }
}

/** Undefined where the system or the runtime has no such thing: then everything goes inline. */
export function createSharedMemory(options: SharedMemoryOptions): SharedMemory | undefined {
  const { workers, batchBytes = 256 * MIB, answerBytes = 64 * MIB } = options;
  const file = createMappedFile(workers * answerBytes + batchBytes);
  return file && new SharedMemory(file, { ...options, answerBytes });
}
