import type { Context } from "hono";
import { CODES, DingError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { COMMON_FAILURE, failureEnvelope, type Envelope } from "../protocol/envelope.ts";
import { ResponseException } from "../protocol/response-exception.ts";
import { answer } from "./body.ts";

const RETRY_AFTER_SECONDS = "1";
const BUSY = new Set([429, 503]);

/** What was thrown while a request was answered, as its answer; only what nobody foresaw is logged. */
export function answerError(context: Context, thrown: unknown, log: Logger): Response {
  const { status, envelope } = fate(thrown, context, log);
  if (BUSY.has(status)) context.header("Retry-After", retryAfter(thrown));
  if (status === 401) context.header("WWW-Authenticate", "Bearer");
  return answer(context, envelope, status);
}

/** In whole seconds, as the header has it; a queue that knows when it has room says so in `details.retryAfterMs`. */
export function retryAfter(thrown: unknown): string {
  const ms = thrown instanceof DingError ? thrown.details["retryAfterMs"] : undefined;
  return typeof ms === "number" ? String(Math.max(1, Math.ceil(ms / 1_000))) : RETRY_AFTER_SECONDS;
}

interface Fate {
  status: number;
  envelope: Envelope;
}

function fate(thrown: unknown, { req }: Context, log: Logger): Fate {
  const refusal = refusalOf(thrown);
  if (refusal) return refusal;
  const error = DingError.from(thrown);
  if (error.code === "internal.bug") {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    log.error(`Cannot answer ${req.method} ${req.path}: ${messageOf(thrown)}`, { stack });
  }
  const own = { code: COMMON_FAILURE, message: error.message };
  return {
    status: CODES[error.code].http,
    envelope: failureEnvelope(own, error.message, { error: error.toJSON() }),
  };
}

/** A refusal with a code of the interaction API keeps that code and its HTTP status. */
function refusalOf(thrown: unknown): Fate | undefined {
  const refusal = thrown instanceof ResponseException ? thrown.toDingError() : thrown;
  if (!(refusal instanceof DingError) || refusal.code !== "peer.refused") return undefined;
  const { status, code, data } = refusal.details;
  if (typeof status !== "number" || typeof code !== "number") return undefined;
  const own = { code, message: refusal.message };
  return { status, envelope: failureEnvelope(own, refusal.message, data ?? null) };
}
