import { Buffer } from "node:buffer";
import { deno } from "../runtime/deno.ts";

/** A longer answer goes out of Bun with a system call for each word of its head. */
const MOST_BYTES_AT_ONCE = 15 * 1024;

/**
 * What a Response takes for a text, or for bytes that lie one behind the other; nobody may write there any more. Has a
 * length, and goes out with its head in one call, however long it is.
 */
export function bodyOf(
  body: string | readonly Uint8Array[],
): string | Uint8Array<ArrayBuffer> | ReadableStream {
  if (typeof body === "string") {
    return body.length < MOST_BYTES_AT_ONCE ? body : bodyOf([Buffer.from(body)]);
  }
  let length = 0;
  for (const part of body) length += part.length;
  if (deno || length < MOST_BYTES_AT_ONCE) return Buffer.concat(body, length);
  // Nothing leaves before its end is known.
  const strategy = { highWaterMark: length + 1 };
  const pull = (sink: Pick<ReadableStreamDirectController, "write" | "end">): void => {
    for (const part of body) void sink.write(part as Uint8Array<ArrayBuffer>);
    void sink.end();
  };
  return new ReadableStream({ type: "direct", pull } as never, strategy);
}
