import { NetworkError, messageOf, type Code } from "../core/errors.ts";
import { writeJson } from "./json-writer.ts";

/** Stands for NaN while the standard's parser reads the rest; no text that is sent holds it. */
const NAN_MARK = "\u0000ding:NaN\u0000";

/** What may stand before and after a literal. */
const BEFORE = /[[,:\s]/;
const AFTER = /[\],}\s]/;

/** JSON as Python's json module writes it: NaN and the infinities by name. */
export function writePythonJson(value: unknown, code: Code = "task.invalid-result"): string {
  return writeJson(value, { nonFinite: "literal", code });
}

/** The same as UTF-8. */
export function encodePythonJson(value: unknown, code?: Code): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(writePythonJson(value, code));
}

/** Reads UTF-8 as `readPythonJson` reads text. */
export function decodePythonJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw refusal(error);
  }
  return readPythonJson(text);
}

/** What JSON.parse may be given to change values, with the text that they were read from. */
export type Revive = (key: string, value: unknown, from: { source?: string }) => unknown;

const LONGEST_INTEGER = "-9223372036854775808".length;

/** Gives whole numbers that a double would round as BigInt, from their source. */
export const exactIntegers: Revive = (_key, value, { source }) => {
  if (typeof value !== "number" || !Number.isInteger(value) || Number.isSafeInteger(value)) {
    return value;
  }
  const isPlain =
    source !== undefined && source.length <= LONGEST_INTEGER && /^-?\d+$/.test(source);
  return BigInt(isPlain ? source : value);
};

/** Reads JSON as Python's json module does, NaN, Infinity and -Infinity included; `network.protocol` says what is wrong. */
export function readPythonJson(text: string, revive?: Revive): unknown {
  try {
    return JSON.parse(text, revive as Parser) as unknown;
  } catch (error) {
    const standard = standardText(text);
    if (standard === undefined) throw refusal(error);
    try {
      const reviveAll: Revive = (key, value, from) => {
        if (value === NAN_MARK) return Number.NaN;
        return revive ? revive(key, value, from) : value;
      };
      return JSON.parse(standard, reviveAll as Parser) as unknown;
    } catch (second) {
      throw refusal(second);
    }
  }
}

/** The types of the standard library do not know of the third argument yet. */
type Parser = (key: string, value: unknown) => unknown;

/** The text with Python's literals in a form JSON.parse takes; undefined when there are none. */
function standardText(text: string): string | undefined {
  const parts: string[] = [];
  let copied = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"') at = endOfString(text, at);
    else if (letter === "N" || letter === "I") {
      const literal = literalAt(text, at);
      if (!literal) return undefined;
      parts.push(text.slice(copied, at), literal.replacement);
      copied = at + literal.length;
      at = copied - 1;
    }
  }
  return parts.length === 0 ? undefined : parts.join("") + text.slice(copied);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function literalAt(text: string, at: number): { length: number; replacement: string } | undefined {
  const name = ["NaN", "Infinity"].find((known) => text.startsWith(known, at));
  if (name === undefined) return undefined;
  const isNegative = name === "Infinity" && text[at - 1] === "-";
  const before = text[at - (isNegative ? 2 : 1)] ?? " ";
  const after = text[at + name.length] ?? " ";
  if (!BEFORE.test(before) || !AFTER.test(after)) return undefined;
  // A number too great for a double is read as infinite.
  return { length: name.length, replacement: name === "NaN" ? JSON.stringify(NAN_MARK) : "1e999" };
}

function refusal(cause: unknown): NetworkError {
  const why = messageOf(cause);
  return new NetworkError("network.protocol", `Cannot decode JSON: ${why}`, { cause });
}
