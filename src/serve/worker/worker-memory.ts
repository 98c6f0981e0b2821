import { openMappedFile, type MappedFile } from "../../runtime/map-file.ts";
import { Arena } from "../arena.ts";
import { COUNTER_BYTES, type Place } from "../shared-memory.ts";
import type { SharedMemoryPlan } from "../worker-protocol.ts";

/** A worker's side of the memory that it shares with its server; see SharedMemory. */
export class WorkerMemory {
  readonly #file: MappedFile;
  readonly #answers: Arena;
  readonly #counter: Int32Array | undefined;
  /** Places of answers that the server may not have read, oldest first. */
  readonly #unread: { count: number; at: number }[] = [];
  /** Where this worker's part begins; -1 when it has none. */
  readonly part: number;
  #count = 0;

  constructor(file: MappedFile, { answers: { at, bytes } }: SharedMemoryPlan) {
    this.#file = file;
    this.part = bytes > 0 ? at : -1;
    this.#counter = bytes > 0 ? new Int32Array(file.bytes.buffer, at, 1) : undefined;
    const room = Math.max(0, bytes - COUNTER_BYTES);
    this.#answers = new Arena(at + COUNTER_BYTES, room, (from, to) => file.reserve(from, to));
  }

  /** How many answers have had a place here; it goes out with each answer. */
  get count(): number {
    return this.#count;
  }

  /** A place for an answer; undefined when it is full. */
  take(bytes: number): Place | undefined {
    this.#giveBackRead();
    const at = this.#answers.take(bytes);
    if (at === undefined) return undefined;
    this.#count = (this.#count + 1) | 0;
    this.#unread.push({ count: this.#count, at });
    return { at, bytes };
  }

  /** The bytes of a place; fewer when the place is none. */
  view({ at, bytes }: Place): Uint8Array<ArrayBuffer> {
    return this.#file.bytes.subarray(at, at + bytes);
  }

  #giveBackRead(): void {
    const [oldest] = this.#unread;
    if (!oldest || !this.#counter) return;
    // As a difference of 32 bits, it is right also after the count has gone round.
    const read = Atomics.load(this.#counter, 0);
    while (this.#unread[0] && ((read - this.#unread[0].count) | 0) >= 0) {
      this.#answers.give((this.#unread.shift() as { at: number }).at);
    }
  }
}

/** Opens what the server has lent; undefined when it cannot be opened here. */
export function openWorkerMemory(plan: SharedMemoryPlan | undefined): WorkerMemory | undefined {
  if (!plan) return undefined;
  const file = openMappedFile(plan.path);
  if (file?.bytes.length === plan.bytes) return new WorkerMemory(file, plan);
  file?.[Symbol.dispose]();
  return undefined;
}
