import { randomBytes, randomUUID } from "node:crypto";

const HEXDIGITS = "0123456789abcdefABCDEF";

/** A fresh UUID, version 4. */
export function newId(): string {
  return randomUUID();
}

/** A secret of `length` characters of 0-9a-fA-F, as the ancestor makes its tokens, from a cryptographic source. */
export function randomToken(length: number = 64): string {
  let token = "";
  while (token.length < length) {
    for (const byte of randomBytes(length * 2)) {
      // 242 is the greatest multiple of 22 in a byte: what lies above would favour the first digits.
      if (byte < 242 && token.length < length) token += HEXDIGITS.charAt(byte % HEXDIGITS.length);
    }
  }
  return token;
}
