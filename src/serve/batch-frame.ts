import { DingError, type Code } from "../core/errors.ts";
import { MESSAGE_BODY_LIMIT_BYTES } from "../rpc/body.ts";
import { ALIGNMENT_BYTES, aligned, piecesOf, type Part, type Stacked } from "./frame-groups.ts";
import { frameWith, groupBytes, NO_PART, readHead, startOf, type FrameHead } from "./frame-head.ts";
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

/**
 * From here on shared memory is faster than the pipe. Measured on two cores, there and back through
 * the pipe and through memory: 4 KiB 0.05 and 0.04 ms, 8 KiB 0.06 and 0.03, 64 KiB 0.25 and 0.04,
 * 600 KiB 0.84 and 0.2; an echo of eight images of 600 KiB in a worker 16.8 and 1.6.
 */
const SHARED_FROM_BYTES = 4 * 1024;

/**
 * The body of a batch: a head, and the bytes of all payloads, those of one tensor
 * side by side. With shared memory large ones go there: call `memory.release(body)` when the batch
 * has ended. Throws http.too-large when no message would hold it.
 */
export function encodeBatch(payloads: readonly Payload[], memory?: SharedMemory): Uint8Array {
  const pieces = piecesOf(payloads);
  const bytes = bytesOfRuns(pieces.runs);
  const place = bytes < SHARED_FROM_BYTES ? undefined : memory?.take(bytes);
  const view = place && memory?.view(place);
  const head: FrameHead = {
    groups: pieces.heads,
    place: undefined,
    computeMs: 0,
    part: NO_PART,
    count: 0,
  };
  if (!view || !memory) {
    return inline(head, pieces.runs, { bytes, what: "batch", code: "http.too-large" });
  }
  putRuns(pieces.runs, view, 0);
  const body = headOnly({ ...head, place });
  memory.keep(body, place);
  return body;
}

/**
 * The payloads of a batch, tensors of those that are alike as one; all of them aligned for their elements. Views of the
 * body, or of shared memory until the batch is answered.
 */
export function decodeBatchGroups(body: Uint8Array, memory?: WorkerMemory): Group[] {
  const { head, bytes } = read(body, memory);
  const isAligned = bytes.byteOffset % ALIGNMENT_BYTES === 0;
  return readGroups(head.groups, isAligned ? bytes : bytes.slice());
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
  const head: FrameHead = {
    groups: heads,
    place: undefined,
    computeMs,
    part: memory?.part ?? NO_PART,
    count: memory?.count ?? 0,
  };
  const view = place && memory?.view(place);
  if (!view) return inline(head, runs, { bytes, what: "answer", code: "task.invalid-result" });
  putRuns(runs, view, 0);
  return headOnly({ ...head, place });
}

/**
 * The answer of a worker, which shares no memory with it any more. Call it for every answer of a
 * worker as they arrive: it gives the worker back the places of all answers up to this one.
 */
export function decodeAnswer(body: Uint8Array, memory?: SharedMemory): BatchAnswer {
  const { head, bytes } = read(body, memory);
  const { groups, place, computeMs, part, count } = head;
  const own = place ? bytes.slice() : bytes;
  if (part !== NO_PART) memory?.countAsRead(part, count);
  const [first, ...others] = readGroups(groups, own);
  const results = first ? partsOf(first) : [];
  for (const group of others) results.push(...partsOf(group));
  return { computeMs, results };
}

function read(
  body: Uint8Array,
  memory: { view: (place: Place) => Uint8Array | undefined } | undefined,
): { head: FrameHead; bytes: Uint8Array } {
  const head = readHead(body);
  const { place, start } = head;
  if (!place) return { head, bytes: body.subarray(start) };
  const bytes = memory?.view(place);
  if (bytes?.length !== place.bytes) {
    throw new DingError("internal.bug", "Cannot read batch: it is not in the shared memory");
  }
  return { head, bytes };
}

function headOnly(head: FrameHead): Uint8Array {
  return frameWith(head, groupBytes(head.groups), 0).frame;
}

function inline(
  head: FrameHead,
  runs: readonly (readonly Uint8Array[])[],
  { bytes, what, code }: { bytes: number; what: string; code: Code },
): Uint8Array {
  const groups = groupBytes(head.groups);
  if (startOf(groups) + bytes > MESSAGE_BODY_LIMIT_BYTES) {
    const limit = `it takes ${startOf(groups) + bytes} bytes, the limit is ${MESSAGE_BODY_LIMIT_BYTES}`;
    throw new DingError(code, `Cannot send ${what}: ${limit}`, {
      hint: "Send fewer or smaller items at a time.",
      details: { messageLimitBytes: MESSAGE_BODY_LIMIT_BYTES },
    });
  }
  const { frame, start } = frameWith(head, groups, bytes);
  putRuns(runs, frame, start);
  return frame;
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
