import { messageOf } from "../../core/errors.ts";

/** What a runtime says went wrong, without the names of its own functions in front and a period behind. */
export function runtimeWords(thrown: unknown): string {
  return messageOf(thrown)
    .replace(/^[^\n]*?ERROR_CODE: \d+, ERROR_MESSAGE: /, "")
    .trim()
    .replace(/\.$/, "");
}
