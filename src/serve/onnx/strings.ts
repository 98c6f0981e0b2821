import { elementStarts, LENGTH_BYTES } from "../../protocol/bytes-elements.ts";
import { inputFault } from "./input-fault.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The texts of a BYTES tensor; throws usage.invalid-input for bytes that are no UTF-8 (ONNX knows nothing else), or have a NUL (the runtimes end there). */
export function textsOf(data: Uint8Array, name: string): string[] {
  const starts = elementStarts(data);
  return Array.from({ length: starts.length - 1 }, (_, index) => {
    const bytes = data.subarray((starts[index] ?? 0) + LENGTH_BYTES, starts[index + 1]);
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
