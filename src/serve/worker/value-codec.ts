import { json, msgpack, type Codec } from "../../protocol/codec.ts";
import type { Values } from "../inference.ts";
import { textOf } from "./elements.ts";
import { wordsOf } from "./failure.ts";
import { ItemFault } from "./item-fault.ts";
import type { TypedItem } from "./item-reader.ts";

const CODECS: Readonly<Record<Values["form"], Codec>> = { json, msgpack };

/** An item as it was encoded; it shares no memory with the bytes. Throws ItemFault. */
export function decodedValue(bytes: Uint8Array, form: Values["form"]): unknown {
  try {
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

/** An output of tensors by name: typed arrays, in JSON flat lists, texts where bytes are such. */
export function encodedItem(item: TypedItem, form: Values["form"]): Uint8Array {
  return encodedValue(form === "json" ? plainItem(item) : item, form);
}

function plainItem(item: TypedItem): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(item).map(([name, elements]) => [
      name,
      Array.from(elements as readonly unknown[], (one) =>
        one instanceof Uint8Array ? textIfAny(one) : one,
      ),
    ]),
  );
}

function textIfAny(bytes: Uint8Array): string | Uint8Array {
  try {
    return textOf(bytes, "");
  } catch {
    return bytes;
  }
}
