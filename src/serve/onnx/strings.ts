import { elementStarts } from "../rows.ts";
import { inputFault } from "./input-fault.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** The texts of a BYTES tensor; throws usage.invalid-input for bytes that are no UTF-8 (ONNX knows nothing else), or have a NUL (the runtimes end there). */
export function textsOf(data: Uint8Array, name: string): string[] {
  const starts = elementStarts(data);
  return Array.from({ length: starts.length - 1 }, (_, index) => {
    const bytes = data.subarray((starts[index] ?? 0) + 4, starts[index + 1]);
    const text = textOf(bytes);
    if (text !== undefined && !text.includes("\0")) return text;
    const why = text === undefined ? "these bytes are no UTF-8 text" : "no text of ONNX has a NUL";
    throw inputFault(`${name}.${index}`, why);
  });
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Texts as the data of a BYTES tensor. */
export function bytesOfTexts(texts: readonly string[]): Uint8Array {
  const encoded = texts.map((text) => encoder.encode(text));
  const data = new Uint8Array(encoded.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(data.buffer);
  let at = 0;
  for (const bytes of encoded) {
    view.setUint32(at, bytes.length, true);
    data.set(bytes, at + 4);
    at += 4 + bytes.length;
  }
  return data;
}
