import { DingError } from "../core/errors.ts";
import { encodeAnswer, payloadBytes, type BatchResult, type StackedAnswer } from "./batch-frame.ts";
import { partsOf } from "./frame-reader.ts";
import type { WorkerMemory } from "./worker/worker-memory.ts";

/** What goes together: as much as the largest part of shared memory holds. */
const PART_BYTES = 32 * 1024 * 1024;
/** Of what stands in the head for a result, and between results. */
const HEAD_BYTES = 1024;

/**
 * The bodies of an answer that no one message would hold, each with the results that follow those before it. A result
 * that no message holds is an error of its own.
 */
export function encodeAnswerInParts(
  { computeMs, results }: StackedAnswer,
  memory?: WorkerMemory,
): Uint8Array[] {
  const parts: BatchResult[][] = [];
  let part: BatchResult[] = [];
  let room = 0;
  for (const result of results.flatMap((one) => singles(one))) {
    const bytes = HEAD_BYTES + ("error" in result ? 0 : payloadBytes(result));
    if (bytes > room) {
      part = [];
      parts.push(part);
      room = PART_BYTES;
    }
    part.push(result);
    room -= bytes;
  }
  return parts.map((one) => {
    try {
      return encodeAnswer({ computeMs, results: one }, memory);
    } catch (thrown) {
      const error = DingError.from(thrown).toJSON();
      return encodeAnswer({ computeMs, results: one.map(() => ({ error })) });
    }
  });
}

function singles(result: StackedAnswer["results"][number]): BatchResult[] {
  return "kind" in result && result.kind === "stacked" ? partsOf(result) : [result];
}
