import { DingError, NetworkError, messageOf } from "../core/errors.ts";

/** The bytes of a body; one that is longer than `limitBytes` is refused as soon as that shows. */
export async function readBytes(request: Request, limitBytes: number): Promise<Uint8Array> {
  const { headers } = request;
  const length = headers.get("content-length");
  if (Number(length) > limitBytes) throw tooLarge(limitBytes);
  try {
    // HTTP itself ends the body at its announced length; only a chunked one must be counted.
    return length !== null && !headers.has("transfer-encoding")
      ? new Uint8Array(await request.arrayBuffer())
      : await readCounted(request.body, limitBytes);
  } catch (thrown) {
    if (thrown instanceof DingError) throw thrown;
    const message = `Cannot read body: the connection was cut: ${messageOf(thrown)}`;
    throw new NetworkError("network.closed", message, { cause: thrown });
  }
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

function tooLarge(limitBytes: number): DingError {
  return new DingError("http.too-large", `Cannot read body: longer than ${limitBytes} bytes`, {
    details: { limitBytes },
  });
}
