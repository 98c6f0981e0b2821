import { readFileSync } from "node:fs";
import { DingError, messageOf } from "../core/errors.ts";

/** The text of a PEM file, or an error that names its option. */
export function readPem(path: string, option: "ca" | "cert" | "key"): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new DingError(
      "usage.invalid-option",
      `Cannot use --tls-${option}: "${path}": ${messageOf(cause)}`,
      { cause },
    );
  }
}
