import { createHash } from "node:crypto";

/** A short name of these bytes: other bytes have another one. */
export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("base64url");
}
