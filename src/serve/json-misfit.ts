import { findJsonFault } from "../config/json-fault.ts";
import { DingError } from "../core/errors.ts";

/** To look for the place is slow: in a longer text it would hold up everybody else. */
const LONGEST_LOOKED_THROUGH = 4 * 1024 * 1024;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** What is wrong with a body that `JSON.parse` refused, and where: line and column count from 1. */
export function jsonMisfit(bytes: Uint8Array, cause?: unknown): DingError {
  return new DingError("usage.invalid-input", `Cannot read body as JSON: ${whyNot(bytes)}`, {
    cause,
  });
}

function whyNot(bytes: Uint8Array): string {
  if (bytes.length > LONGEST_LOOKED_THROUGH) return "there is a fault in it";
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return "it is not UTF-8";
  }
  const { line, column, reason } = findJsonFault(text);
  return `line ${line}, column ${column}: ${reason}`;
}
