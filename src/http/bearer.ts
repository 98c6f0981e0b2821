import { createHash, timingSafeEqual } from "node:crypto";
import { DingError } from "../core/errors.ts";

/** Does the request carry this token? The time it takes to say so tells nothing of the token. */
export function isBearer(request: Request, token: string): boolean {
  const given = bearerOf(request);
  return given !== undefined && isSameSecret(given, token);
}

/** Compares secrets of any length; the time it takes tells nothing of them. */
export function isSameSecret(given: string, secret: string): boolean {
  return timingSafeEqual(digest(given), digest(secret));
}

/** Why a request may not be answered, or undefined when it carries the token. */
export function bearerFault(request: Request, token: string): DingError | undefined {
  if (isBearer(request, token)) return undefined;
  const hint =
    "Send the server's token: --token-file FILE or DING_TOKEN; over HTTP, the header Authorization: Bearer TOKEN.";
  return bearerOf(request) === undefined
    ? new DingError("auth.missing", "Cannot answer request: it carries no token", { hint })
    : new DingError("auth.refused", "Cannot answer request: its token is not the server's", {
        hint,
      });
}

function bearerOf(request: Request): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

/** Of one length whatever the text, as the comparison wants it. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
