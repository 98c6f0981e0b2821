import type { DingError } from "../../core/errors.ts";
import { faultError } from "../worker/item-fault.ts";

/** What a client hears of something in its input: the path, such as "x.3", and what is wrong there. */
export function inputFault(path: string, message: string): DingError {
  return faultError([{ path, message }], { what: "input", code: "usage.invalid-input" });
}
