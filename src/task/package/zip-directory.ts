/** What a zip's directory says of an entry, beside what the unpacking reads of it. */
export interface ZipRecord {
  crc32: number;
  isEncrypted: boolean;
  /** A link, a device or the like: no file, no folder. */
  isSpecial: boolean;
  isExecutable: boolean;
}

const END_MARK = 0x06_05_4b_50;
const END_BYTES = 22;
const LONGEST_COMMENT_BYTES = 65_535;
const RECORD_MARK = 0x02_01_4b_50;
const RECORD_BYTES = 46;
const FILE_TYPE = 0o170_000;
const PLAIN_TYPES: readonly number[] = [0, 0o040_000, 0o100_000];

/** The entries in their order; undefined for bytes that are no zip, or a part of one. */
export function zipDirectory(bytes: Uint8Array): ZipRecord[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endOf(view);
  if (end === undefined) return undefined;
  const count = view.getUint16(end + 10, true);
  const records: ZipRecord[] = [];
  let at = view.getUint32(end + 16, true);
  for (let index = 0; index < count; index++) {
    if (at + RECORD_BYTES > end || view.getUint32(at, true) !== RECORD_MARK) return undefined;
    const mode = view.getUint16(at + 40, true);
    records.push({
      crc32: view.getUint32(at + 16, true),
      isEncrypted: (view.getUint16(at + 8, true) & 1) === 1,
      isSpecial: !PLAIN_TYPES.includes(mode & FILE_TYPE),
      isExecutable: (mode & 0o100) !== 0,
    });
    const [name, extra, comment] = [28, 30, 32].map((place) => view.getUint16(at + place, true));
    at += RECORD_BYTES + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return records;
}

/** It stands last, but for a comment. */
function endOf(view: DataView): number | undefined {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT_BYTES); at--) {
    if (view.getUint32(at, true) === END_MARK) return at;
  }
  return undefined;
}
