import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { pid } from "node:process";

/** Memory that several processes see; it is gone when the last of them is, however it ended. */
export interface MappedFile extends Disposable {
  /** Opens the same memory in another process of this user, as long as this one holds it. */
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Has the system put memory behind these bytes? Where it has not, writing to them would end the process. */
  reserve(from: number, to: number): boolean;
}

const FOLDER = "/dev/shm";
/** Linux only: the file never has a name, so that nobody has to remove it. */
const O_TMPFILE = 0o20000000 | (constants.O_DIRECTORY ?? 0);
const ZEROS = new Uint8Array(1024 * 1024);

/** Makes memory to share; undefined where the system or the runtime has no such thing. */
export function createMappedFile(bytes: number): MappedFile | undefined {
  return opened(() => {
    const file = openSync(FOLDER, O_TMPFILE | constants.O_RDWR, 0o600);
    try {
      ftruncateSync(file, bytes);
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
  if (typeof Bun === "undefined" || process.platform !== "linux") return undefined;
  let file: number | undefined;
  try {
    file = open();
    const path = `/proc/${pid}/fd/${file}`;
    const bytes = Bun.mmap(path, { shared: true }) as Uint8Array<ArrayBuffer>;
    if (bytes.length !== fstatSync(file).size) throw new Error("mapped in part");
    return mappedFile(file, path, bytes);
  } catch {
    if (file !== undefined) closeSync(file);
    return undefined;
  }
}

function mappedFile(file: number, path: string, bytes: Uint8Array<ArrayBuffer>): MappedFile {
  let isOpen = true;
  return {
    path,
    bytes,
    reserve(from, to) {
      if (!isOpen) return false;
      try {
        for (let at = from; at < to;)
          at += writeSync(file, ZEROS, 0, Math.min(ZEROS.length, to - at), at);
        return true;
      } catch {
        return false;
      }
    },
    [Symbol.dispose]() {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}
