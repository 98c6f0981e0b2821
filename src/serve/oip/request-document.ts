import { findJsonFault } from "../../config/json-fault.ts";
import { DingError } from "../../core/errors.ts";
import { isRecord } from "../../core/is-record.ts";
import { exactIntegers, readPythonJson } from "../../protocol/python-json.ts";
import { checkJsonDepth } from "../json-depth.ts";
import { InexactNumber } from "./fill.ts";
import { fault, faultOf, shown } from "./fault.ts";

/** The JSON of a request, an object. */
export type JsonDocument = Readonly<Record<string, unknown>>;

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * What `use` makes of the object that these bytes hold; an empty body is an empty object. Where `use` meets a whole
 * number that JavaScript has rounded, it is called once more with such numbers as BigInt.
 */
export function readDocument<T>(bytes: Uint8Array, use: (document: JsonDocument) => T): T {
  if (bytes.length === 0) return use({});
  checkJsonDepth(bytes);
  const text = textOf(bytes);
  try {
    return use(parse(text));
  } catch (thrown) {
    if (!(thrown instanceof InexactNumber)) throw thrown;
    return use(checked(readPythonJson(text, exactIntegers)));
  }
}

function parse(text: string): JsonDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = parseLeniently(text);
  }
  return checked(value);
}

/** Reading with care is slow: a longer text would hold up everybody else. */
const LONGEST_CAREFUL = 4 * 1024 * 1024;

/** Python writes NaN and Infinity, which the standard has no word for. */
function parseLeniently(text: string): unknown {
  if (text.length > LONGEST_CAREFUL) {
    throw new DingError("usage.invalid-input", "Cannot read body: it is not JSON", {
      hint: "Send much data as binary tensors.",
    });
  }
  if (/NaN|Infinity/.test(text)) {
    try {
      return readPythonJson(text);
    } catch {
      // that was not what is wrong with it
    }
  }
  const { line, column, reason } = findJsonFault(text);
  throw new DingError(
    "usage.invalid-input",
    `Cannot read body as JSON: line ${line}, column ${column}: ${reason}`,
  );
}

function checked(value: unknown): JsonDocument {
  if (isRecord(value)) return value;
  throw new DingError(
    "usage.invalid-input",
    `Cannot read body: expected an object, got ${shown(value)}`,
  );
}

function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new DingError("usage.invalid-input", "Cannot read body as JSON: it is not UTF-8", {
      cause,
    });
  }
}

/** The object at a key, empty when there is none; `action` is what was asked for. */
export function recordAt(value: unknown, path: string, action = "infer"): JsonDocument {
  if (value === undefined || value === null) return NOTHING;
  if (isRecord(value)) return value;
  throw faultOf(action, path, { why: `expected an object, got ${shown(value)}` });
}

/** The text at a key, undefined when there is none. */
export function textAt(value: unknown, path: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw fault(path, `expected a text, got ${shown(value)}`);
}

const NOTHING: JsonDocument = Object.freeze({});
