import { createMappedFile, type MappedFile } from "../runtime/map-file.ts";
import { MemoryWindows, type Place, type WindowPlaces } from "./memory-windows.ts";
import type { SharedMemoryPlan } from "./worker-protocol.ts";

/** How large the memory may grow; the system gives only what is really used. */
export interface SharedMemoryOptions {
  /** How many workers can answer through it at a time; any further one answers inline. */
  workers: number;
  /** For the batches of all workers: parts that are mapped when those before are full, 106 MiB in all by default. Nothing is larger than a part. */
  batchWindows?: readonly number[];
  /** For the answers of each worker; 41 MiB in all by default. */
  answerWindows?: readonly number[];
}

const MIB = 1024 * 1024;
const BATCH_WINDOWS = [2 * MIB, 8 * MIB, 32 * MIB, 64 * MIB];
const ANSWER_WINDOWS = [MIB, 8 * MIB, 32 * MIB];

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
  readonly #windows: readonly number[];
  readonly #memory: MemoryWindows;
  readonly #batches: WindowPlaces;
  readonly #firstAnswers: number;
  readonly #answerWindows: number;
  readonly #slots: (string | undefined)[];
  readonly #placeOf = new Map<Uint8Array, Place>();
  /** By the beginning of a worker's part. */
  readonly #counters = new Map<number, Int32Array>();
  #isUsable = true;

  constructor(
    file: MappedFile,
    { workers, batchWindows = BATCH_WINDOWS, answerWindows = ANSWER_WINDOWS }: SharedMemoryOptions,
  ) {
    this.#file = file;
    this.#slots = Array.from({ length: workers }, () => undefined);
    this.#windows = [...batchWindows, ...this.#slots.flatMap(() => answerWindows)];
    this.#memory = new MemoryWindows(file, this.#windows);
    this.#firstAnswers = batchWindows.length;
    this.#answerWindows = answerWindows.length;
    this.#batches = this.#memory.places(0, batchWindows.length);
  }

  /** What a worker is told in its set-up, undefined when nothing is shared any more; call `takeBack` when it is gone. */
  lend(workerId: string): SharedMemoryPlan | undefined {
    if (!this.#isUsable) return undefined;
    const slot = this.#slots.indexOf(undefined);
    const first = this.#firstAnswers + Math.max(0, slot) * this.#answerWindows;
    const at = this.#memory.startOf(first);
    const isLent = slot >= 0 && this.#file.reserve(at, at + COUNTER_BYTES); // which sets it to 0
    if (isLent) this.#slots[slot] = workerId;
    const { path } = this.#file;
    const count = isLent ? this.#answerWindows : 0;
    return { path, windows: [...this.#windows], answers: { first, count } };
  }

  /** The worker is gone, and its last word has been read; twice is once. */
  takeBack(workerId: string): void {
    const slot = this.#slots.indexOf(workerId);
    if (slot >= 0) this.#slots[slot] = undefined;
  }

  /** A place for a batch; undefined when it is full. */
  take(bytes: number): Place | undefined {
    return this.#isUsable ? this.#batches.take(bytes) : undefined;
  }

  /** The bytes of a place; undefined when it is none. */
  view(place: Place): Uint8Array<ArrayBuffer> | undefined {
    return this.#memory.view(place);
  }

  /** For encodeBatch: the place belongs to this body until that is released. */
  keep(body: Uint8Array, place: Place): void {
    this.#placeOf.set(body, place);
  }

  /** The batch with this body is answered or has failed: no worker will read it; twice is once. */
  release(body: Uint8Array): void {
    const place = this.#placeOf.get(body);
    if (!place) return;
    this.#placeOf.delete(body);
    this.#batches.give(place);
  }

  /** For decodeAnswer: everything that the worker whose part begins here has said up to this number has been read. */
  countAsRead(part: number, count: number): void {
    const counter = this.#counters.get(part) ?? this.#counterOf(part);
    if (counter) Atomics.store(counter, 0, count);
  }

  #counterOf(part: number): Int32Array | undefined {
    const bytes = this.#memory.view({ at: part, bytes: COUNTER_BYTES });
    if (!bytes) return undefined;
    const counter = new Int32Array(bytes.buffer, bytes.byteOffset, 1);
    this.#counters.set(part, counter);
    return counter;
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
  const { workers, batchWindows = BATCH_WINDOWS, answerWindows = ANSWER_WINDOWS } = options;
  const size = sum(batchWindows) + workers * sum(answerWindows);
  const file = createMappedFile(size);
  return file && new SharedMemory(file, options);
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
