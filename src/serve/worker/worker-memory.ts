import { openMappedFile, type MappedFile } from "../../runtime/map-file.ts";
import { MemoryWindows, type Place, type WindowPlaces } from "../memory-windows.ts";
import { COUNTER_BYTES } from "../shared-memory.ts";
import type { SharedMemoryPlan } from "../worker-protocol.ts";

/** A worker's side of the memory that it shares with its server; see SharedMemory. */
export class WorkerMemory {
  readonly #memory: MemoryWindows;
  readonly #answers: WindowPlaces;
  readonly #counter: Int32Array | undefined;
  /** Places of answers that the server may not have read, oldest first. */
  readonly #unread: { count: number; place: Place }[] = [];
  /** Where this worker's part begins; -1 when it has none. */
  readonly part: number;
  #count = 0;

  constructor(file: MappedFile, { windows, answers: { first, count } }: SharedMemoryPlan) {
    this.#memory = new MemoryWindows(file, windows);
    this.#answers = this.#memory.places(first, count, COUNTER_BYTES);
    const at = this.#memory.startOf(first);
    const counter = count > 0 ? this.#memory.view({ at, bytes: COUNTER_BYTES }) : undefined;
    this.#counter = counter && new Int32Array(counter.buffer, counter.byteOffset, 1);
    this.part = counter ? at : -1;
  }

  /** How many answers have had a place here; it goes out with each answer. */
  get count(): number {
    return this.#count;
  }

  /** A place for an answer; undefined when it is full. */
  take(bytes: number): Place | undefined {
    if (!this.#counter) return undefined;
    this.#giveBackRead(this.#counter);
    const place = this.#answers.take(bytes);
    if (!place) return undefined;
    this.#count = (this.#count + 1) | 0;
    this.#unread.push({ count: this.#count, place });
    return place;
  }

  /** The bytes of a place; undefined when it is none. */
  view(place: Place): Uint8Array<ArrayBuffer> | undefined {
    return this.#memory.view(place);
  }

  #giveBackRead(counter: Int32Array): void {
    if (this.#unread.length === 0) return;
    const read = Atomics.load(counter, 0);
    // As a difference of 32 bits it is right also after the count has gone round.
    while (this.#unread[0] && ((read - this.#unread[0].count) | 0) >= 0) {
      this.#answers.give((this.#unread.shift() as { place: Place }).place);
    }
  }
}

/** Opens what the server has lent; undefined when it cannot be opened here. */
export function openWorkerMemory(plan: SharedMemoryPlan | undefined): WorkerMemory | undefined {
  if (!plan) return undefined;
  const file = openMappedFile(plan.path);
  const size = plan.windows.reduce((total, one) => total + one, 0);
  if (file?.size === size) return new WorkerMemory(file, plan);
  file?.[Symbol.dispose]();
  return undefined;
}
