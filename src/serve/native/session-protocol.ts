import type { ErrorRecord } from "../../core/errors.ts";
import { DingError } from "../../core/errors.ts";
import { isRecord } from "../../core/is-record.ts";
import type { ModelFacts } from "../inference.ts";

/** The port of `ding serve` when nobody names one. */
export const DEFAULT_SERVE_PORT = 8900;

/** Where a server listens for sessions of clients. */
export const SERVE_SESSION_PATH = "/serve/session";

/** The calls that a server answers in a session. */
export const NATIVE_METHODS = {
  /** meta: AskMeta; body: an item as msgpack; body of the reply: what came out. */
  INFER: "infer",
  /** meta: AskMeta with credit; body: an item; each piece is an event, the reply ends it. */
  STREAM: "stream",
  /** meta: [number of the stream's call, so many pieces more]. */
  MORE: "more",
  /** meta: nil; each answer to clients of the same identity is an event; ends with a cancel. */
  LISTEN: "listen",
  /** meta: nil; body of the reply: the server's status. */
  STATUS: "status",
  /** meta: the NativeHello of one more client, whom the number of this call names; body of the reply: NativeWelcome. */
  JOIN: "join",
  /** meta: the number of a client that asks for nothing more, 0 for the one of HELLO. */
  LEAVE: "leave",
} as const;

/** What a server says meanwhile. */
export const NATIVE_EVENTS = {
  /** Of STREAM: body: a piece. */
  PIECE: "piece",
  /** Of LISTEN, once: from here on nothing is missed. */
  LISTENING: "listening",
  /** Of LISTEN: body: `{ id, result }` or `{ id, error }`. */
  ANSWER: "answer",
} as const;

/** What a client says of itself when it opens a session. */
export interface NativeHello {
  /** Who asks: clients of one identity may hear each other's answers. */
  identity: string;
  /** This one client among those of its identity, through all its sessions. */
  instance: string;
  version: string;
  /** May others of the same identity hear the answers? */
  broadcast: boolean;
}

/** What a server says of itself. */
export interface NativeWelcome {
  version: string;
  models: ModelFacts[];
}

/** About one item. */
export interface AskMeta {
  /** Told in traces and logs; with the instance, or with the digest, it names the request for ever. */
  id: string;
  /** Of the item's bytes, where a person chose the id and may choose it again. */
  digest?: string;
  model?: string;
  version?: string;
  priority?: number;
  timeoutMs?: number;
  parameters?: Record<string, unknown>;
  /** Of a stream: so many pieces may come before MORE is said. */
  credit?: number;
  /** Who asks: the number of its JOIN; default 0, the one of HELLO. */
  client?: number;
}

/** What listeners of an identity hear. */
export interface ToldAnswer {
  id: string;
  result?: unknown;
  error?: ErrorRecord;
}

const LONGEST_NAME = 1_024;

/** Reads what a client says of itself; throws `usage.invalid-input`. */
export function readHello(value: unknown): NativeHello {
  const { identity, instance, version, broadcast } = objectOf(value, "hello");
  if (!isName(identity) || !isName(instance) || typeof version !== "string") {
    throw new DingError(
      "usage.invalid-input",
      "Cannot open a session: it takes an identity, an instance and a version",
    );
  }
  return { identity, instance, version, broadcast: broadcast !== false };
}

/** Reads the meta of a call by hand: it comes with every item. Throws `usage.invalid-input`. */
export function readAskMeta(value: unknown): AskMeta {
  const meta = objectOf(value, "request");
  const { id, priority, timeoutMs, parameters, credit, client } = meta;
  if (!isName(id)) throw fault("id", "expected a text of 1 to 1,024 letters");
  for (const key of ["digest", "model", "version"] as const) {
    if (meta[key] !== undefined && !isName(meta[key])) throw fault(key, "expected a text");
  }
  if (priority !== undefined) checkPriority(priority);
  if (timeoutMs !== undefined) checkTimeout(timeoutMs);
  if (credit !== undefined && !isCount(credit)) throw fault("credit", "expected a whole number");
  if (client !== undefined && !isCount(client)) throw fault("client", "expected a whole number");
  if (parameters !== undefined) objectOf(parameters, "parameters");
  // Each has been looked at.
  return meta as unknown as AskMeta;
}

/** Throws unless it is a whole number, 0 or more. */
export function checkPriority(priority: unknown): asserts priority is number {
  if (!isCount(priority)) throw fault("priority", "expected a whole number, 0 or more");
}

/** Throws unless it is a positive number of milliseconds. */
export function checkTimeout(timeoutMs: unknown): asserts timeoutMs is number {
  const isTime = typeof timeoutMs === "number" && timeoutMs > 0 && Number.isFinite(timeoutMs);
  if (!isTime) throw fault("timeoutMs", "expected a number of milliseconds above 0");
}

/** `usage.invalid-input` with the path of the fault, as a schema would tell it. */
export function fault(path: string, message: string): DingError {
  return new DingError("usage.invalid-input", `Cannot use request: "${path}": ${message}`, {
    details: { faults: [{ path, message }] },
  });
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (isRecord(value)) return value;
  throw new DingError("usage.invalid-input", `Cannot read ${what}: expected an object`);
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length > 0 && value.length <= LONGEST_NAME;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
