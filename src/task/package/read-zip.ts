import { crc32 } from "node:zlib";
import { unzipSync } from "fflate";
import { DingError } from "../../core/errors.ts";
import { zipDirectory } from "./zip-directory.ts";

/** A file or folder of a zip. */
export interface ZipEntry {
  /** Relative, with slashes; one of a folder ends with one. Never leaves the folder it is put into. */
  name: string;
  bytes: Uint8Array;
  isExecutable: boolean;
}

/** How much a zip may hold. */
export interface ZipLimits {
  entries: number;
  /** Of all files together, unpacked. */
  bytes: number;
}

/** For a program and what lies beside it. */
export const ZIP_LIMITS: ZipLimits = { entries: 20_000, bytes: 512 * 1024 * 1024 };

/**
 * All that is in a zip, each sum checked. Throws `plugin.invalid` for what is no zip, is broken, is encrypted, is too large,
 * or has an entry that is a link or would leave the folder.
 */
export function readZip(zip: Uint8Array, limits: ZipLimits = ZIP_LIMITS): ZipEntry[] {
  const records = zipDirectory(zip);
  if (!records) throw fault("it is neither a folder nor a whole zip");
  if (records.length > limits.entries) {
    throw fault(`it has ${records.length} entries, and may have ${limits.entries}`);
  }
  const taken = new Map<string, (typeof records)[number] & { sizeBytes: number }>();
  let totalBytes = 0;
  let index = 0;
  const unpacked = unpack(zip, ({ name, size, originalSize }) => {
    const record = records[index++];
    if (!record || taken.has(name)) throw fault(`it is broken: "${name}" is there twice`);
    if (isOutside(name)) throw fault(`"${name}" would lie outside of it`);
    if (record.isSpecial) throw fault(`"${name}" is a link, or no plain file`);
    if (record.isEncrypted) throw fault(`"${name}" is encrypted`);
    totalBytes += Math.max(size, originalSize);
    if (totalBytes > limits.bytes) throw fault(`it unpacks to more than ${limits.bytes} bytes`);
    taken.set(name, { ...record, sizeBytes: originalSize });
  });
  return [...taken].map(([name, { crc32: sum, sizeBytes, isExecutable }]) => {
    const bytes = Object.hasOwn(unpacked, name) ? unpacked[name] : undefined;
    if (bytes?.length === sizeBytes && crc32(bytes) === sum) return { name, bytes, isExecutable };
    throw fault(`it is broken: "${name}" is not what it was`);
  });
}

interface FileHead {
  name: string;
  size: number;
  originalSize: number;
}

function unpack(zip: Uint8Array, look: (head: FileHead) => void): Record<string, Uint8Array> {
  const filter = (head: FileHead): boolean => {
    look(head);
    return true;
  };
  try {
    return unzipSync(zip, { filter });
  } catch (thrown) {
    if (thrown instanceof DingError) throw thrown;
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw fault(`it is broken: ${why}`);
  }
}

function isOutside(name: string): boolean {
  const isRooted = /^(?:\/|[a-z]:)/i.test(name) || name.includes("\\") || name.includes("\0");
  return name === "" || isRooted || name.split("/").includes("..");
}

function fault(why: string): DingError {
  return new DingError("plugin.invalid", `Cannot use package: ${why}`);
}
