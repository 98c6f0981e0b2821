import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { pid, platform } from "node:process";

/** Memory that several processes see; it is gone when the last of them is, however it ended. */
export interface MappedFile extends Disposable {
  /** Opens the same memory in another process of this user, as long as this one holds it. */
  readonly path: string;
  readonly size: number;
  /** A part of it, at a multiple of 4 KiB; undefined when the system refuses. The runtime counts it as its own memory, and collects garbage later. */
  map(offset: number, bytes: number): Uint8Array<ArrayBuffer> | undefined;
  /** Puts zeros there. Has the system memory for them? Where it has not, writing to what is mapped would end the process. */
  reserve(from: number, to: number): boolean;
}

const FOLDER = "/dev/shm";
/** Linux only: the file never has a name, so that nobody has to remove it. */
const O_TMPFILE = 0o20000000 | (constants.O_DIRECTORY ?? 0);
const ZEROS = new Uint8Array(1024 * 1024);

/** Makes memory to share; undefined where the system or the runtime has no such thing. */
export function createMappedFile(size: number): MappedFile | undefined {
  return opened(() => {
    const file = openSync(FOLDER, O_TMPFILE | constants.O_RDWR, 0o600);
    try {
      ftruncateSync(file, size);
    } catch (thrown) {
      closeSync(file);
      throw thrown;
    }
    return file;
  });
}

/** The memory that another process has made; undefined where it cannot be had. */
export function openMappedFile(path: string): MappedFile | undefined {
  return opened(() => openSync(path, constants.O_RDWR));
}

function opened(open: () => number): MappedFile | undefined {
  if (typeof Bun === "undefined" || platform !== "linux") return undefined;
  try {
    return new OpenFile(open());
  } catch {
    return undefined;
  }
}

class OpenFile implements MappedFile {
  readonly path: string;
  readonly size: number;
  readonly #file: number;
  #isOpen = true;

  constructor(file: number) {
    this.path = `/proc/${pid}/fd/${file}`;
    this.size = fstatSync(file).size;
    this.#file = file;
  }

  map(offset: number, size: number): Uint8Array<ArrayBuffer> | undefined {
    if (!this.#isOpen || offset + size > this.size) return undefined;
    try {
      // The types leave out what the documentation has.
      const part: object = { shared: true, offset, size };
      const bytes = Bun.mmap(this.path, part);
      return bytes.length === size ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  reserve(from: number, to: number): boolean {
    if (!this.#isOpen) return false;
    try {
      for (let at = from; at < to;) {
        at += writeSync(this.#file, ZEROS, 0, Math.min(ZEROS.length, to - at), at);
      }
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }
}
