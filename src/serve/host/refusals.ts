import { DingError, type ErrorRecord } from "../../core/errors.ts";
import type { Piece } from "../batching/piece.ts";

/** What is told where nothing says how long it will take. */
const RETRY_AFTER_MS = 1_000;

/** How many items wait in a queue, and how many may. */
interface Queue {
  readonly queuedRows: number;
  readonly maxQueuedRows: number;
}

/** The queue of a model has no room for so many items; `details.retryAfterMs` says when there may be some. */
export function fullError(rows: number, queue: Queue, retryAfterMs: number): DingError {
  const { queuedRows: waiting, maxQueuedRows: limit } = queue;
  const what = rows === 1 ? "request" : `${rows} items`;
  const most = rows === 1 ? "" : `, and at most ${limit} may`;
  const why = `Cannot queue ${what}: ${waiting} items wait already${most}`;
  const isLong = rows > limit && "Send shorter lists, or raise --queue-limit.";
  return new DingError("queue.full", why, {
    hint: isLong || "Come back after the time that Retry-After names, or raise --queue-limit.",
    details: { retryAfterMs },
  });
}

/** A server that has nothing to serve. */
export function noModelError(): DingError {
  return new DingError(
    "usage.invalid-option",
    "Cannot serve: no model is named, and none is here",
    {
      hint: "Name one: ding serve ./model.ts, or put a server.ts, model.ts or model.onnx into this folder.",
    },
  );
}

/** A request of no items: there is nothing to run. */
export function emptyError(): DingError {
  return new DingError("usage.invalid-input", "Cannot infer: the request has no items");
}

/** Its own timeout has passed, wherever it was by then. */
export function lateError(timeoutMs: number): DingError {
  return new DingError("task.timed-out", `The request was not answered within ${timeoutMs} ms`);
}

/** A stream whose worker says nothing. */
export function silentError(ms: number): DingError {
  return new DingError("task.timed-out", `The stream gave no piece for ${ms} ms`, {
    hint: "Raise --predict-timeout-ms if the model may take so long.",
  });
}

/** A stream whose reader takes nothing. */
export function unreadError(ms: number): DingError {
  return new DingError(
    "task.cancelled",
    `The stream was ended: its reader took nothing for ${ms / 1_000} s`,
    { hint: "Read on at least that often; the model's worker waits for it." },
  );
}

/** A stream whose reader is slow, while others wait for the worker that it holds. */
export function heldError(ms: number): DingError {
  return new DingError(
    "task.cancelled",
    `The stream was ended: its reader let the worker stand still for ${ms / 1_000} s, and others wait for it`,
    { hint: "Read faster, or give the model more workers." },
  );
}

/** Its client has hung up, or has called it back. */
export function cancelledError(): DingError {
  return new DingError("task.cancelled", "The request was cancelled");
}

/** What a worker says of an item in a piece, as the request that the piece was cut from has it: `details.item` counts in the whole list. */
export function itemError(record: ErrorRecord, { entry, from, rows }: Piece<unknown>): DingError {
  const { item = rows === 1 ? 0 : undefined } = record.details ?? {};
  if (entry.rows === 1 || typeof item !== "number") return DingError.fromRecord(record);
  return DingError.fromRecord({ ...record, details: { ...record.details, item: from + item } });
}

/** A worker broke its word: an answer has a result for each payload. */
export function noResultError(): DingError {
  return new DingError("task.invalid-result", "The worker answered less than it was asked");
}

/** This one model takes no more requests; the server may go on. */
export function stoppingError(name: string): DingError {
  return new DingError(
    "service.stopping",
    `Cannot infer with model "${name}": it is being unloaded`,
    {
      hint: "Ask another server, or come back later.",
      details: { retryAfterMs: RETRY_AFTER_MS },
    },
  );
}

/** It was to be loaded, and then not. */
export function unloadedError(name: string): DingError {
  return new DingError(
    "service.stopping",
    `Cannot load model "${name}": it was unloaded meanwhile`,
  );
}

/** It is not for this model to say when there is an answer again. */
export function serverStoppingError(): DingError {
  return new DingError("service.stopping", "Cannot infer: the server is stopping", {
    hint: "Ask another server, or come back later.",
    details: { retryAfterMs: RETRY_AFTER_MS },
  });
}

/** Its workers had time to finish, and are gone. */
export function replacedError(): DingError {
  const message = "The stream was ended: its model has been loaded again, or unloaded";
  return new DingError("service.stopping", message, {
    hint: "Ask again; --drain-timeout-ms is how long what runs may take to end.",
    details: { retryAfterMs: RETRY_AFTER_MS },
  });
}

/** The model is not there, and nothing says that it will be. */
export function notReadyError(name: string, state: string, reason: string): DingError {
  const why = reason === "" ? state : `${state}: ${reason}`;
  return new DingError("model.not-ready", `Cannot infer with model "${name}": it is ${why}`, {
    hint: "POST /v2/repository/index tells of all models.",
    details: { state, retryAfterMs: 1_000 },
  });
}

/** Every worker is gone, and the next one does not come up. */
export function downError(name: string, cause: DingError): DingError {
  return new DingError(
    "model.not-ready",
    `Cannot infer with model "${name}": no worker is left: ${cause.message}`,
    {
      hint: "Another is started soon; the log says why the last ones have ended.",
      details: { retryAfterMs: RETRY_AFTER_MS },
      cause,
    },
  );
}

/** Why a model whose workers have all died is down: their successors load. */
export function loadingError(): DingError {
  return new DingError("worker.exited", "the last one has ended, and the next is loading");
}

/** A worker that takes the place of another finds other code than the one that clients are told of. */
export function changedError(): DingError {
  return new DingError(
    "plugin.invalid",
    "Cannot load plugin: its inputs or outputs are not what they were: the file has changed",
    { hint: "Load the model again: SIGHUP, or POST /v2/repository/models/NAME/load." },
  );
}

/** A stream was asked for, and the model has no `generate`. */
export function noStreamError(name: string): DingError {
  return new DingError(
    "usage.invalid-input",
    `Cannot stream from model "${name}": it answers at once`,
    {
      hint: "Use generate or infer; a plugin with `generate` streams.",
    },
  );
}
