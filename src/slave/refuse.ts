import { DingError } from "../core/errors.ts";
import { SLAVE_CODES, type SlaveCodeName } from "../protocol/interaction-codes.ts";

/** A refusal of a slave with the ancestor's code; HTTP and session alike send what it details. */
export function refuse(name: SlaveCodeName, data?: unknown, message?: string): DingError {
  const entry = SLAVE_CODES[name];
  return new DingError("peer.refused", message ?? entry.message, {
    details: { status: entry.status, code: entry.code, data: data ?? null },
  });
}
