import { DingError, NetworkError, messageOf } from "../core/errors.ts";
import { Patience } from "./patience.ts";

/** Slower than this for longer than that, nobody sends what he wants to be read. */
const SLOWEST_BYTES_PER_MS = 100;
const PATIENCE_MS = 20_000;

const patience = new Patience("the body");

/** The bytes of a body; one that is longer than `limitBytes` is refused as soon as that shows, one that does not come in time too. */
export async function readBytes(
  request: Request,
  limitBytes: number,
  basePatienceMs: number = PATIENCE_MS,
): Promise<Uint8Array> {
  const { headers } = request;
  const length = headers.get("content-length");
  if (Number(length) > limitBytes) throw tooLarge(limitBytes);
  const patienceMs =
    basePatienceMs + (length === null ? limitBytes : Number(length)) / SLOWEST_BYTES_PER_MS;
  try {
    // HTTP itself ends the body at its announced length; only a chunked one must be counted.
    const reading =
      length !== null && !headers.has("transfer-encoding")
        ? request.bytes()
        : readCounted(request.body, limitBytes);
    return await patience.within(reading, patienceMs);
  } catch (thrown) {
    if (thrown instanceof DingError && thrown.code === "wait.timeout") {
      throw new DingError("http.too-slow", "Cannot read body: it does not come", {
        hint: "Send as many bytes as Content-Length says, without long pauses.",
        cause: thrown,
      });
    }
    if (thrown instanceof DingError) throw thrown;
    const message = `Cannot read body: the connection was cut: ${messageOf(thrown)}`;
    throw new NetworkError("network.closed", message, { cause: thrown });
  }
}

/**
 * A request whose body others read as they like, but no more of it than `limitBytes`: they hear what `readBytes` says.
 * Throws at once where its length tells.
 */
export function bounded(request: Request, limitBytes: number): Request {
  const { url, method, headers, signal, body } = request;
  const length = headers.get("content-length");
  if (Number(length) > limitBytes) throw tooLarge(limitBytes);
  if (!body || (length !== null && !headers.has("transfer-encoding"))) return request;
  let count = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      count += chunk.length;
      if (count > limitBytes) controller.error(tooLarge(limitBytes));
      else controller.enqueue(chunk);
    },
  });
  const init = { method, headers, signal, body: body.pipeThrough(counted), duplex: "half" };
  return new Request(url, init as RequestInit);
}

async function readCounted(
  body: ReadableStream<Uint8Array> | null,
  limitBytes: number,
): Promise<Uint8Array> {
  if (!body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limitBytes) throw tooLarge(limitBytes); // leaving the loop cancels the stream
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** A body is longer than it may be. */
export function tooLarge(limitBytes: number, cause?: unknown): DingError {
  return new DingError("http.too-large", `Cannot read body: longer than ${limitBytes} bytes`, {
    cause,
    hint: "Send less at a time, or raise --body-limit-bytes where the server has it.",
    details: { limitBytes },
  });
}
