import { Buffer } from "node:buffer";
import { promisify } from "node:util";
import { deflate, gzip, unzip } from "node:zlib";
import { DingError } from "../../core/errors.ts";
import { tooLarge } from "../../http/read-bytes.ts";

/** The encodings of a body that clients of the protocol know. */
export type Compression = "gzip" | "deflate";

const unzipAsync = promisify(unzip);
const WRITERS = { gzip: promisify(gzip), deflate: promisify(deflate) };

/** The body as it was before the client packed it; refused as soon as it shows to be longer than `limitBytes`. */
export async function unpacked(
  bytes: Uint8Array,
  encoding: string,
  limitBytes: number,
): Promise<Uint8Array> {
  if (compressionOf(encoding) === undefined) {
    throw new DingError("http.unsupported-type", `Cannot read body with encoding "${encoding}"`, {
      hint: "Send it as it is, or as gzip or deflate.",
    });
  }
  if (bytes.length === 0) return bytes;
  try {
    return await unzipAsync(bytes, { maxOutputLength: limitBytes });
  } catch (cause) {
    if ((cause as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") {
      throw tooLarge(limitBytes, cause);
    }
    throw new DingError("usage.invalid-input", `Cannot read body: it is no ${encoding}`, { cause });
  }
}

/**
 * How a client wants its answer packed: where it asks for one way and no other. A list, as browsers and `fetch` send
 * with every request, says what they could read, not what is worth its time.
 */
export function wantedCompression(acceptEncoding: string | null): Compression | undefined {
  return acceptEncoding === null ? undefined : compressionOf(acceptEncoding);
}

/** A text, or bytes that lie one behind the other, packed. */
export function packed(
  body: string | readonly Uint8Array[],
  compression: Compression,
): Promise<Uint8Array> {
  return WRITERS[compression](typeof body === "string" ? body : Buffer.concat(body));
}

function compressionOf(encoding: string): Compression | undefined {
  const name = encoding.trim().toLowerCase();
  if (name === "gzip" || name === "x-gzip") return "gzip";
  return name === "deflate" ? "deflate" : undefined;
}
