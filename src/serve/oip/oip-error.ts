import { CODES, DingError, messageOf, type Code } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { retryAfter } from "../../http/answer-error.ts";

/** Nobody reads it: the client has closed the connection. */
const CLIENT_GONE = 499;

/** Where the protocol wants another status than the house's table. */
const STATUS: Partial<Record<Code, number>> = {
  "task.cancelled": CLIENT_GONE,
  "state.invalid": 503,
};

const BUSY = new Set([429, 503]);

/** What was thrown, as the protocol answers it: `{"error": "…"}`; 429 and 503 say when to come back. */
export function oipError(thrown: unknown, log?: Logger): Response {
  const error = DingError.from(thrown);
  if (error.code === "internal.bug") {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    log?.error(`Cannot answer inference request: ${messageOf(thrown)}`, { stack });
  }
  const status = STATUS[error.code] ?? CODES[error.code].http;
  const headers = new Headers({ "Content-Type": "application/json" });
  if (BUSY.has(status)) headers.set("Retry-After", retryAfter(error));
  if (status === 401) headers.set("WWW-Authenticate", "Bearer");
  return new Response(errorText(error), { status, headers });
}

/** The error object of the protocol, in JSON: it has one text, so that which row it was, where in a plugin, and the hint go into it too. */
export function errorText(thrown: unknown): string {
  const { message, hint, details } = DingError.from(thrown);
  const told = `${message}${placeOf(details)}`;
  return JSON.stringify({ error: hint === undefined ? told : `${told}. ${hint}` });
}

function placeOf({ item, file, line, column }: Record<string, unknown>): string {
  if (typeof item === "number") return ` (row ${item})`;
  if (typeof file !== "string") return "";
  let place = file;
  for (const part of [line, column]) if (typeof part === "number") place += `:${part}`;
  return ` at ${place}`;
}
