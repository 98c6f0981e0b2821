import type { MappedFile } from "../runtime/map-file.ts";
import { Arena } from "./arena.ts";

/** Where something lies in shared memory. */
export interface Place {
  readonly at: number;
  readonly bytes: number;
}

interface Window {
  readonly from: number;
  readonly to: number;
  bytes?: Uint8Array<ArrayBuffer> | undefined;
}

/** Shared memory in parts that are mapped when they are needed: what is mapped counts as the runtime's own. */
export class MemoryWindows {
  readonly #file: MappedFile;
  readonly #windows: Window[] = [];

  /** The windows lie one behind the other; their sizes are multiples of 4 KiB. */
  constructor(file: MappedFile, sizes: readonly number[]) {
    this.#file = file;
    let from = 0;
    for (const size of sizes) {
      this.#windows.push({ from, to: from + size });
      from += size;
    }
  }

  /** The bytes of a place; undefined when it is in no window, or that cannot be mapped. */
  view({ at, bytes }: Place): Uint8Array<ArrayBuffer> | undefined {
    const window = this.#windows.find(({ from, to }) => at >= from && at + bytes <= to);
    if (!window) return undefined;
    window.bytes ??= this.#file.map(window.from, window.to - window.from);
    const start = at - window.from;
    return window.bytes?.subarray(start, start + bytes);
  }

  /** Some windows, for one who gives out the places in them; the first bytes of the first may be left out. */
  places(first: number, count: number, leaveBytes = 0): WindowPlaces {
    const arenas = this.#windows.slice(first, first + count).map(({ from, to }, index) => {
      const start = from + (index === 0 ? leaveBytes : 0);
      return new Arena(start, to - start, (low, high) => this.#file.reserve(low, high));
    });
    return new WindowPlaces(this, arenas);
  }

  /** Where a window begins. */
  startOf(index: number): number {
    return this.#windows[index]?.from ?? 0;
  }
}

/** Gives out places of some windows, of the first that has room. */
export class WindowPlaces {
  readonly #memory: MemoryWindows;
  readonly #arenas: readonly Arena[];

  constructor(memory: MemoryWindows, arenas: readonly Arena[]) {
    this.#memory = memory;
    this.#arenas = arenas;
  }

  /** Undefined when there is no room, or no memory. */
  take(bytes: number): Place | undefined {
    for (const arena of this.#arenas) {
      const at = arena.take(bytes);
      if (at === undefined) continue;
      if (this.#memory.view({ at, bytes })) return { at, bytes };
      arena.give(at);
    }
    return undefined;
  }

  /** Twice is once. */
  give({ at }: Pick<Place, "at">): void {
    for (const arena of this.#arenas) arena.give(at);
  }
}
