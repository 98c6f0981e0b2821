import { json, msgpack, type Codec } from "../../protocol/codec.ts";
import { exactIntegers, readPythonJson } from "../../protocol/python-json.ts";
import type { Values } from "../inference.ts";
import { textOf } from "./elements.ts";
import { wordsOf } from "./failure.ts";
import { ItemFault } from "./item-fault.ts";
import type { TypedItem } from "./item-reader.ts";

const decoder = new TextDecoder();

const CODECS: Readonly<Record<Values["form"], Codec>> = { json, msgpack };

/** A whole number beyond 2^53 has no fewer digits. */
const LONG_INTEGER = /\d{16}/;

/**
 * An item as it was encoded; it shares no memory with the bytes. With `isExact` whole numbers of JSON that a double
 * would round are BigInt. Throws ItemFault.
 */
export function decodedValue(bytes: Uint8Array, form: Values["form"], isExact = false): unknown {
  try {
    if (isExact && form === "json") {
      const text = decoder.decode(bytes);
      if (LONG_INTEGER.test(text)) return readPythonJson(text, exactIntegers);
    }
    return CODECS[form].decode(bytes);
  } catch (thrown) {
    throw new ItemFault("", wordsOf(thrown));
  }
}

/** An output of any kind. Throws ItemFault when it cannot travel. */
export function encodedValue(value: unknown, form: Values["form"]): Uint8Array {
  try {
    return CODECS[form].encode(value);
  } catch (thrown) {
    throw new ItemFault("", wordsOf(thrown));
  }
}

/**
 * An output of tensors by name: typed arrays, in JSON flat lists; there bytes are texts where they are such, and
 * tensors of BOOL, whose names are told, hold true and false.
 */
export function encodedItem(
  item: TypedItem,
  form: Values["form"],
  bools: ReadonlySet<string>,
): Uint8Array {
  return encodedValue(form === "json" ? plainItem(item, bools) : item, form);
}

function plainItem(item: TypedItem, bools: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(item).map(([name, elements]) => {
      const toPlain = bools.has(name) ? Boolean : plainElement;
      return [name, Array.from(elements as readonly unknown[], toPlain)];
    }),
  );
}

function plainElement(element: unknown): unknown {
  return element instanceof Uint8Array ? textIfAny(element) : element;
}

function textIfAny(bytes: Uint8Array): string | Uint8Array {
  try {
    return textOf(bytes, "");
  } catch {
    return bytes;
  }
}
