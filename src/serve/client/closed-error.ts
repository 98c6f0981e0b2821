import { DingError } from "../../core/errors.ts";

/** What calls end with that were open when their client was closed, and those made after. */
export function closedError(): DingError {
  return new DingError("service.stopping", "Cannot go on: the client is closed");
}
