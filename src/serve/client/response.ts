import { DingError, messageOf } from "../../core/errors.ts";
import { joinResults } from "./join-results.ts";

/** How one request ended, as `fetch` gives it. */
export interface Response {
  id: string;
  /** What the model gave; undefined when it failed. */
  embedding: unknown;
  /** 0 when all went well, else 1. */
  errorCode: number;
  /** Empty when all went well. */
  errorMessage: string;
  /** Why it failed. */
  error: DingError | undefined;
}

/** How `fetchAll` gives what it has collected. */
export interface FetchAllOptions {
  /** In the order of the requests, by their ids as numbers; else in that of the answers. Default true. */
  sort?: boolean;
  /** One result of all: typed arrays, tensors and lists one behind the other. Default false. */
  concat?: boolean;
  /** Whole responses, those that failed included, in place of results. Default false. */
  returnId?: boolean;
  /** What an id is sorted by. */
  parseId?: (id: string) => number;
}

/** A response and which request of its client it answers, counted from 1. */
export interface Collected {
  response: Response;
  order: number;
}

/** An answer that came. */
export function success(id: string, embedding: unknown): Response {
  return { id, embedding, errorCode: 0, errorMessage: "", error: undefined };
}

/** A request that failed; one whose signal aborted was cancelled, whatever the signal's reason is. */
export function failure(id: string, thrown: unknown, signal?: AbortSignal): Response {
  const error =
    signal?.aborted === true && thrown === signal.reason && !(thrown instanceof DingError)
      ? new DingError("task.cancelled", messageOf(thrown), { cause: thrown })
      : DingError.from(thrown);
  return { id, embedding: undefined, errorCode: 1, errorMessage: error.message, error };
}

/** The responses as `fetchAll` was asked for them; throws the first failure unless whole responses were asked for. */
export function arrange(collected: readonly Collected[], options: FetchAllOptions): unknown {
  const { sort = true, concat = false, returnId = false } = options;
  const responses = (sort ? sorted(collected, options) : collected).map(({ response }) => response);
  if (returnId) return responses;
  const failed = responses.filter(({ error }) => error !== undefined);
  if (failed.length > 0) throw failedError(failed, responses.length);
  const results = responses.map(({ embedding }) => embedding);
  return concat ? joinResults(results) : results;
}

function sorted(
  collected: readonly Collected[],
  { parseId }: FetchAllOptions,
): readonly Collected[] {
  const areNumbers = collected.every(({ response }) => /^\d{1,15}$/.test(response.id));
  const keyOf = ({ response, order }: Collected): number =>
    parseId ? parseId(response.id) : areNumbers ? Number(response.id) : order;
  return collected.toSorted((one, other) => keyOf(one) - keyOf(other) || one.order - other.order);
}

const MOST_NAMED = 20;

function failedError(failed: readonly Response[], total: number): DingError {
  const [{ id, error }] = failed as [Response, ...Response[]];
  const first = `request "${id}": ${error?.message}`;
  const told = failed.slice(0, MOST_NAMED).map((one) => ({ id: one.id, ...one.error?.toJSON() }));
  return new DingError(
    error?.code ?? "task.failed",
    `Cannot give all results: ${failed.length} of ${total} requests failed; ${first}`,
    {
      hint: "Nothing is lost: fetch(), or fetchAll({ returnId: true }), gives each with its result or error.",
      details: { failed: told, count: failed.length },
      cause: error,
    },
  );
}
