import { DingError } from "../core/errors.ts";
import { decodeFrames, encodeFrame } from "../protocol/codec.ts";
import { bytesWithRoom } from "../rpc/headroom.ts";
import { aligned, type GroupHead } from "./frame-groups.ts";
import type { Place } from "./memory-windows.ts";

/** What stands in front of the bytes of a frame. */
export interface FrameHead {
  readonly groups: readonly GroupHead[];
  /** Where the bytes are in shared memory; without one they follow. */
  readonly place: Place | undefined;
  /** How long the model took; 0 in a batch. */
  readonly computeMs: number;
  /** The worker's part of the shared memory, or -1, and how many answers have had a place there. */
  readonly part: number;
  readonly count: number;
}

/** For what has no part. */
export const NO_PART = -1;

/**
 * In front of the groups, little-endian: their length u32, part i32, count i32, nothing u32,
 * computeMs f64, and place and size f64 (-1 without). Its numbers change from frame to frame,
 * the groups behind it seldom.
 */
const FIXED_BYTES = 40;
const NOWHERE = -1;

/** Where the fixed part is written and read: to ask each small frame for its buffer takes longer than to copy this. */
const fixed = new DataView(new ArrayBuffer(FIXED_BYTES));
const fixedBytes = new Uint8Array(fixed.buffer);

/** Requests come in few forms: groups that were seen are not read or written again. */
const KEPT = 64;
const LONGEST_KEPT_BYTES = 256;

interface Kept {
  readonly bytes: Uint8Array;
  readonly groups: readonly GroupHead[];
}

const read: (Kept | undefined)[] = [];
let written: Kept | undefined;

/** The head as bytes, for `frameWith`. */
export function groupBytes(groups: readonly GroupHead[]): Uint8Array {
  if (written && isSame(groups, written.groups)) return written.bytes;
  const bytes = encodeFrame(groups);
  if (bytes.length <= LONGEST_KEPT_BYTES) written = { bytes, groups };
  return bytes;
}

/** A frame with room for so many bytes behind its head, and where these begin. */
export function frameWith(
  { place, computeMs, part, count }: FrameHead,
  groups: Uint8Array,
  room: number,
): { frame: Uint8Array; start: number } {
  const start = startOf(groups);
  const frame = bytesWithRoom(start + room);
  fixed.setUint32(0, groups.length, true);
  fixed.setInt32(4, part, true);
  fixed.setInt32(8, count, true);
  fixed.setUint32(12, 0, true);
  fixed.setFloat64(16, computeMs, true);
  fixed.setFloat64(24, place?.at ?? NOWHERE, true);
  fixed.setFloat64(32, place?.bytes ?? NOWHERE, true);
  frame.set(fixedBytes);
  frame.set(groups, FIXED_BYTES);
  return { frame, start };
}

/** Where the bytes begin behind these groups. */
export function startOf(groups: Uint8Array): number {
  return aligned(FIXED_BYTES + groups.length);
}

/** The head of a frame, and where the bytes behind it begin. */
export function readHead(frame: Uint8Array): FrameHead & { start: number } {
  for (let at = 0; at < FIXED_BYTES; at++) fixedBytes[at] = frame[at] as number;
  const length = fixed.getUint32(0, true);
  const at = fixed.getFloat64(24, true);
  const end = FIXED_BYTES + length;
  return {
    groups: groupsOf(frame, end),
    place: at === NOWHERE ? undefined : { at, bytes: fixed.getFloat64(32, true) },
    computeMs: fixed.getFloat64(16, true),
    part: fixed.getInt32(4, true),
    count: fixed.getInt32(8, true),
    start: aligned(end),
  };
}

function groupsOf(frame: Uint8Array, end: number): readonly GroupHead[] {
  if (end - FIXED_BYTES > LONGEST_KEPT_BYTES) return decoded(frame.subarray(FIXED_BYTES, end));
  let hash = end; // as FNV-1a mixes
  for (let at = FIXED_BYTES; at < end; at++) {
    hash = Math.imul(hash ^ (frame[at] as number), 0x01000193);
  }
  const slot = (hash >>> 8) % KEPT;
  const kept = read[slot];
  if (kept && hasBytes(frame, end, kept.bytes)) return kept.groups;
  const bytes = frame.slice(FIXED_BYTES, end);
  const groups = decoded(bytes);
  // An error is given to whoever asked.
  if (groups.every(([kind]) => kind !== 2)) read[slot] = { bytes, groups };
  return groups;
}

function decoded(bytes: Uint8Array): readonly GroupHead[] {
  let groups: readonly GroupHead[] | undefined;
  decodeFrames(bytes, (value) => (groups = value as readonly GroupHead[]));
  if (groups) return groups;
  throw new DingError("internal.bug", "Cannot read batch: it has no head");
}

function hasBytes(frame: Uint8Array, end: number, bytes: Uint8Array): boolean {
  if (end - FIXED_BYTES !== bytes.length) return false;
  for (let at = 0; at < bytes.length; at++) {
    if (frame[FIXED_BYTES + at] !== bytes[at]) return false;
  }
  return true;
}

/** Are these lists of lists of plain values alike? */
function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) {
    if (!isSame(one[index], other[index])) return false;
  }
  return true;
}
