import { timingSafeEqual, createHash } from "node:crypto";

/** Does this request show the token? Compared in constant time. */
export function isBearer(request: Request, token: string): boolean {
  const [scheme, given = ""] = (request.headers.get("authorization") ?? "").split(" ", 2);
  return scheme?.toLowerCase() === "bearer" && isSameSecret(given, token);
}

/** Compares secrets of any length without telling by its time how much of them is equal. */
export function isSameSecret(given: string, secret: string): boolean {
  return timingSafeEqual(digest(given), digest(secret));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
