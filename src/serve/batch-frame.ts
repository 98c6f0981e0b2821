import { DingError, type Code } from "../core/errors.ts";
import { decodeFrames, encodeFrame } from "../protocol/codec.ts";
import { MESSAGE_BODY_LIMIT_BYTES } from "../rpc/body.ts";
import { bytesWithRoom } from "../rpc/headroom.ts";
import {
  ALIGNMENT_BYTES,
  aligned,
  piecesOf,
  type GroupHead,
  type Part,
  type Stacked,
} from "./frame-groups.ts";
import { partsOf, readGroups, type Group } from "./frame-reader.ts";
import type { Payload } from "./inference.ts";
import type { Place } from "./memory-windows.ts";
import type { SharedMemory } from "./shared-memory.ts";
import type { WorkerMemory } from "./worker/worker-memory.ts";

export { mergeRows, payloadBytes, rowsOf, sliceRows } from "./rows.ts";

/** What a worker makes of one payload: its outputs in the same kind and form, or why there are none. */
export type BatchResult = Part;

/** What a worker answers to a batch. */
export interface BatchAnswer {
  /** In preprocess, predict and postprocess. */
  readonly computeMs: number;
  /** One per payload of the batch, in its order. */
  readonly results: readonly BatchResult[];
}

/** What stands in front of the bytes. */
type Head = readonly [
  groups: readonly GroupHead[],
  /** Where the bytes are in shared memory, and how many; null when they follow. */
  place: readonly [at: number, bytes: number] | null,
  computeMs: number,
  /** The worker's part of the shared memory, and how many answers have had a place there. */
  part: number,
  count: number,
];

/**
 * From here on shared memory is faster than the pipe. Measured on two cores, there and back through
 * the pipe and through memory: 4 KiB 0.05 and 0.04 ms, 8 KiB 0.06 and 0.03, 64 KiB 0.25 and 0.04,
 * 600 KiB 0.84 and 0.2; an echo of eight images of 600 KiB in a worker 16.8 and 1.6.
 */
const SHARED_FROM_BYTES = 4 * 1024;

const NO_PART = -1;

/**
 * The body of a batch: a length, a msgpack head, and the bytes of all payloads, those of one tensor
 * side by side. With shared memory large ones go there: call `memory.release(body)` when the batch
 * has ended. Throws http.too-large when no message would hold it.
 */
export function encodeBatch(payloads: readonly Payload[], memory?: SharedMemory): Uint8Array {
  const pieces = piecesOf(payloads);
  const bytes = bytesOfRuns(pieces.runs);
  const place = bytes < SHARED_FROM_BYTES ? undefined : memory?.take(bytes);
  const view = place && memory?.view(place);
  if (!view || !memory) {
    return inline([pieces.heads, null, 0, NO_PART, 0], pieces.runs, {
      bytes,
      what: "batch",
      code: "http.too-large",
    });
  }
  putRuns(pieces.runs, view, 0);
  const body = headOnly([pieces.heads, [place.at, place.bytes], 0, NO_PART, 0]);
  memory.keep(body, place);
  return body;
}

/** The payloads of a batch; views of the body, or of shared memory until the batch is answered. */
export function decodeBatch(body: Uint8Array, memory?: WorkerMemory): Payload[] {
  return decodeBatchGroups(body, memory).flatMap((group) => partsOf(group) as Payload[]);
}

/** The same, tensors of payloads that are alike as one; all of them aligned for their elements. */
export function decodeBatchGroups(body: Uint8Array, memory?: WorkerMemory): Group[] {
  const { head, bytes } = read(body, memory);
  const isAligned = bytes.byteOffset % ALIGNMENT_BYTES === 0;
  return readGroups(head[0], isAligned ? bytes : bytes.slice());
}

/** An answer as a worker writes it: results of payloads that follow each other may be stacked. */
export interface StackedAnswer {
  readonly computeMs: number;
  readonly results: readonly (BatchResult | Stacked)[];
}

/** The body of an answer, in a worker; throws task.invalid-result when no message would hold it. */
export function encodeAnswer(
  { computeMs, results }: StackedAnswer,
  memory?: WorkerMemory,
): Uint8Array {
  const { heads, runs } = piecesOf(results);
  const bytes = bytesOfRuns(runs);
  const place = bytes < SHARED_FROM_BYTES ? undefined : memory?.take(bytes);
  const part = memory?.part ?? NO_PART;
  const count = memory?.count ?? 0;
  const view = place && memory?.view(place);
  if (!view) {
    return inline([heads, null, computeMs, part, count], runs, {
      bytes,
      what: "answer",
      code: "task.invalid-result",
    });
  }
  putRuns(runs, view, 0);
  return headOnly([heads, [place.at, place.bytes], computeMs, part, count]);
}

/**
 * The answer of a worker, which shares no memory with it any more. Call it for every answer of a
 * worker as they arrive: it gives the worker back the places of all answers up to this one.
 */
export function decodeAnswer(body: Uint8Array, memory?: SharedMemory): BatchAnswer {
  const { head, bytes } = read(body, memory);
  const [groups, place, computeMs, part, count] = head;
  const own = place ? bytes.slice() : bytes;
  if (part !== NO_PART) memory?.countAsRead(part, count);
  return { computeMs, results: readGroups(groups, own).flatMap(partsOf) };
}

function read(
  body: Uint8Array,
  memory: { view: (place: Place) => Uint8Array | undefined } | undefined,
): { head: Head; bytes: Uint8Array } {
  const length = new DataView(body.buffer, body.byteOffset, body.length).getUint32(0, true);
  let head: Head | undefined;
  decodeFrames(body.subarray(4, 4 + length), (value) => (head = value as Head));
  if (!head) throw new DingError("internal.bug", "Cannot read batch: it has no head");
  const place = head[1];
  if (!place) return { head, bytes: body.subarray(aligned(4 + length)) };
  const [at, size] = place;
  const bytes = memory?.view({ at, bytes: size });
  if (bytes?.length !== size) {
    throw new DingError("internal.bug", "Cannot read batch: it is not in the shared memory");
  }
  return { head, bytes };
}

function headOnly(head: Head): Uint8Array {
  return withHead(encodeFrame(head), 0);
}

function inline(
  head: Head,
  runs: readonly (readonly Uint8Array[])[],
  { bytes, what, code }: { bytes: number; what: string; code: Code },
): Uint8Array {
  const told = encodeFrame(head);
  const start = aligned(4 + told.length);
  if (start + bytes > MESSAGE_BODY_LIMIT_BYTES) {
    const limit = `it takes ${start + bytes} bytes, the limit is ${MESSAGE_BODY_LIMIT_BYTES}`;
    throw new DingError(code, `Cannot send ${what}: ${limit}`, {
      hint: "Send fewer or smaller items at a time.",
    });
  }
  const body = withHead(told, bytes);
  putRuns(runs, body, start);
  return body;
}

function withHead(head: Uint8Array, bytes: number): Uint8Array {
  const start = aligned(4 + head.length);
  const body = bytesWithRoom(start + bytes);
  new DataView(body.buffer, body.byteOffset, 4).setUint32(0, head.length, true);
  body.set(head, 4);
  return body;
}

function bytesOfRuns(runs: readonly (readonly Uint8Array[])[]): number {
  let bytes = 0;
  for (const run of runs) {
    bytes = aligned(bytes);
    for (const piece of run) bytes += piece.length;
  }
  return bytes;
}

function putRuns(
  runs: readonly (readonly Uint8Array[])[],
  target: Uint8Array,
  start: number,
): void {
  let at = start;
  for (const run of runs) {
    at = start + aligned(at - start);
    for (const piece of run) {
      target.set(piece, at);
      at += piece.length;
    }
  }
}
