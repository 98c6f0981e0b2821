/** What each way of ending badly means: may the caller try again, the exit code, the HTTP status. */
export const CODES = {
  "usage.invalid-option": { retry: false, exit: 2, http: 400 },
  "usage.invalid-input": { retry: false, exit: 2, http: 400 },
  "auth.missing": { retry: false, exit: 4, http: 401 },
  "auth.refused": { retry: false, exit: 4, http: 403 },
  "http.not-found": { retry: false, exit: 1, http: 404 },
  "http.wrong-method": { retry: false, exit: 1, http: 405 },
  "http.too-slow": { retry: true, exit: 1, http: 408 },
  "http.too-large": { retry: false, exit: 1, http: 413 },
  "http.unsupported-type": { retry: false, exit: 1, http: 415 },
  "network.in-use": { retry: false, exit: 1, http: 500 },
  "network.refused": { retry: true, exit: 5, http: 502 },
  "network.unreachable": { retry: true, exit: 5, http: 502 },
  "network.closed": { retry: true, exit: 5, http: 503 },
  "network.timeout": { retry: true, exit: 5, http: 504 },
  "network.protocol": { retry: false, exit: 5, http: 502 },
  "peer.refused": { retry: false, exit: 4, http: 403 },
  "plugin.not-found": { retry: false, exit: 1, http: 500 },
  "plugin.invalid": { retry: false, exit: 1, http: 500 },
  "task.refused": { retry: false, exit: 6, http: 403 },
  "task.failed": { retry: false, exit: 6, http: 500 },
  "task.cancelled": { retry: false, exit: 6, http: 409 },
  "task.timed-out": { retry: false, exit: 124, http: 504 },
  "task.lost": { retry: true, exit: 6, http: 503 },
  "task.invalid-data": { retry: false, exit: 6, http: 400 },
  "task.invalid-result": { retry: false, exit: 6, http: 500 },
  "worker.exited": { retry: false, exit: 6, http: 500 },
  "model.not-ready": { retry: true, exit: 1, http: 503 },
  "queue.full": { retry: true, exit: 1, http: 429 },
  "queue.no-space": { retry: true, exit: 1, http: 507 },
  "queue.unsupported": { retry: false, exit: 2, http: 501 },
  "queue.broken": { retry: false, exit: 1, http: 500 },
  "lease.expired": { retry: false, exit: 1, http: 409 },
  "service.stopping": { retry: true, exit: 5, http: 503 },
  "wait.timeout": { retry: true, exit: 124, http: 504 },
  "state.invalid": { retry: false, exit: 1, http: 409 },
  "internal.bug": { retry: false, exit: 70, http: 500 },
} as const satisfies Record<string, { retry: boolean; exit: number; http: number }>;

/** Every code a DingError can have; callers switch on it. */
export type Code = keyof typeof CODES;

/** What may be told besides the message. */
export interface DingErrorOptions extends ErrorOptions {
  /** What to do next, as a full sentence. */
  hint?: string | undefined;
  /** Facts for programs; crosses the wire. */
  details?: Record<string, unknown>;
}

/** The form of an error that crosses the wire: no stack, no cause. */
export interface ErrorRecord {
  code: string;
  message: string;
  hint?: string;
  details?: Record<string, unknown>;
}

/** The one error of the house: a code from the table, a message, a hint. */
export class DingError extends Error {
  override readonly name: string = "DingError";
  readonly code: Code;
  readonly hint: string | undefined;
  readonly details: Record<string, unknown>;

  constructor(code: Code, message: string, options: DingErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  get retryable(): boolean {
    return CODES[this.code].retry;
  }

  /** Any thrown value as a DingError; what was not foreseen is an internal bug with its cause. */
  static from(thrown: unknown): DingError {
    if (thrown instanceof DingError) return thrown;
    if (isConvertible(thrown)) return thrown.toDingError();
    return new DingError("internal.bug", messageOf(thrown), { cause: thrown });
  }

  /** An error that came over the wire; an unknown code becomes `fallback`. */
  static fromRecord(record: ErrorRecord, fallback: Code = "task.failed"): DingError {
    const code = isCode(record.code) ? record.code : fallback;
    const details = { ...record.details, ...(code === record.code ? {} : { code: record.code }) };
    return errorOf(code, record.message, { hint: record.hint, details });
  }

  toJSON(): ErrorRecord {
    const record: ErrorRecord = { code: this.code, message: this.message };
    if (this.hint !== undefined) record.hint = this.hint;
    if (Object.keys(this.details).length > 0) record.details = this.details;
    return record;
  }
}

/** The network failed: nobody there, cut, or too slow. Never a refusal by the other side. */
export class NetworkError extends DingError {
  override readonly name: string = "NetworkError";
}

/** Builds the class that callers catch for this code. */
export function errorOf(code: Code, message: string, options: DingErrorOptions = {}): DingError {
  return code.startsWith("network.")
    ? new NetworkError(code, message, options)
    : new DingError(code, message, options);
}

/** The message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  return typeof thrown === "string" ? thrown : `Thrown value: ${textOf(thrown)}`;
}

/** Anything can be thrown, also what has no text. */
function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function isCode(code: string): code is Code {
  return Object.hasOwn(CODES, code);
}

/** Errors with a shape of their own (a peer's refusal) say here what they are in the house's terms. */
interface Convertible {
  toDingError(): DingError;
}

function isConvertible(thrown: unknown): thrown is Convertible {
  return typeof (thrown as Partial<Convertible> | null)?.toDingError === "function";
}
