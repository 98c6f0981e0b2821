import { DingError, type Code } from "../core/errors.ts";
import { findFault } from "./fault.ts";

/** How JSON is written where the standard leaves no room. */
export interface JsonOptions {
  /** What NaN and the infinities become: null, as the standard wants it, or the names that Python knows. */
  nonFinite?: "null" | "literal";
  /** The code of the error for a value that cannot be JSON. */
  code?: Code;
}

/** Below this depth a value may be plain; deeper, or in a circle, the careful way finds out. */
const PLAIN_DEPTH = 100;

/**
 * The value as JSON. Typed arrays, byte strings and sets become lists, maps
 * become objects, a Tensor nested lists, BigInt an integer, Date its ISO text,
 * an error its name and message. A function, a symbol or a circle is refused
 * with the place where it stands.
 */
export function writeJson(value: unknown, options: JsonOptions = {}): string {
  if (value !== undefined && isPlain(value, 0)) return JSON.stringify(value);
  const fault = findFault(value);
  if (fault !== undefined) {
    const code = options.code ?? "usage.invalid-input";
    throw new DingError(code, `Cannot write value as JSON: ${fault}`);
  }
  return write(value, options.nonFinite === "literal");
}

/** Would JSON.stringify lose nothing of it? */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === "string" || typeof value === "boolean" || value == null) return true;
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value === "object" && depth < PLAIN_DEPTH && hasPlainMembers(value, depth + 1);
}

function hasPlainMembers(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    for (const member of value as unknown[]) if (!isPlain(member, depth)) return false;
    return true;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  const record = value as Record<string, unknown>;
  if (typeof record["toJSON"] === "function") return false;
  for (const key in record) if (!isPlain(record[key], depth)) return false;
  return true;
}

function write(value: unknown, useLiterals: boolean): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "object") return writeObject(value, useLiterals);
  if (typeof value === "number" && !Number.isFinite(value) && !useLiterals) return "null";
  return typeof value === "string" ? JSON.stringify(value) : String(value as number | bigint);
}

function writeObject(value: object, useLiterals: boolean): string {
  const list = listOf(value);
  if (list) return `[${Array.from(list, (member) => write(member, useLiterals)).join(",")}]`;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    return write((value as { toJSON(): unknown }).toJSON(), useLiterals);
  }
  if (value instanceof Error)
    return write({ name: value.name, message: value.message }, useLiterals);
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  const members = entries
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => `${JSON.stringify(String(key))}:${write(member, useLiterals)}`);
  return `{${members.join(",")}}`;
}

function listOf(value: object): Iterable<unknown> | undefined {
  if (Array.isArray(value) || value instanceof Set) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!ArrayBuffer.isView(value)) return undefined;
  if (value instanceof DataView) {
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  return value as Uint8Array;
}
