import { CODES, DingError, messageOf, type Code, type ErrorRecord } from "../../core/errors.ts";
import { msgpack } from "../../protocol/codec.ts";

/** Longer words would not be read. */
const MOST_WORDS = 16 * 1024;
const MOST_DETAILS_BYTES = 64 * 1024;

/** What only the house says of a request: in the mouth of a model's code it would say something false. */
const RESERVED: ReadonlySet<string> = new Set<Code>([
  "task.cancelled",
  "task.timed-out",
  "task.lost",
  "worker.exited",
  "queue.full",
  "service.stopping",
  "internal.bug",
]);

/** Of which item of a request something is told, in a list of several. */
export interface ItemOf {
  readonly item: number | undefined;
}

/**
 * What a client hears of what a model's code threw: its message, and no stack. A DingError keeps its
 * code. Which item of its request it was stands in the details, unless it is the form of a whole batch.
 */
export function failureRecord(thrown: unknown, of?: ItemOf): ErrorRecord {
  const record = recordOf(thrown);
  const isItems = record.code !== "task.invalid-result";
  if (isItems && of?.item !== undefined) record.details = { ...record.details, item: of.item };
  return record;
}

function recordOf(thrown: unknown): ErrorRecord {
  const message = wordsOf(thrown);
  const { code, details, hint } = (thrown ?? {}) as Partial<ErrorRecord>;
  const isKnown = isDingError(thrown) && typeof code === "string" && !RESERVED.has(code);
  if (!isKnown) return { code: "task.failed", message };
  const record: ErrorRecord = { code, message };
  if (typeof hint === "string") record.hint = hint;
  const isTold = details !== undefined && Object.keys(details).length > 0;
  if (isTold && canTravel(details)) record.details = details;
  return record;
}

/** The message of anything that was thrown, be it something that cannot be looked at. */
export function wordsOf(thrown: unknown): string {
  try {
    return String(messageOf(thrown)).slice(0, MOST_WORDS);
  } catch {
    return `Thrown value: a ${typeof thrown}`;
  }
}

/** Also one of another copy of this package, which the plugin may have beside it. */
function isDingError(thrown: unknown): boolean {
  if (thrown instanceof DingError) return true;
  const { name, code } = (thrown ?? {}) as { name?: unknown; code?: unknown };
  return name === "DingError" && typeof code === "string" && Object.hasOwn(CODES, code);
}

function canTravel(details: Record<string, unknown>): boolean {
  try {
    const bytes = msgpack.encode([[[details]]]);
    msgpack.decode(bytes);
    return bytes.length <= MOST_DETAILS_BYTES;
  } catch {
    return false;
  }
}
