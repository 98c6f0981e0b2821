import type { Values } from "../inference.ts";
import { fault } from "./fault.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Items that are any value, each the JSON text of one; throws with the path of one that is not. */
export function jsonItems(texts: readonly Uint8Array[], pathOf: (index: number) => string): Values {
  for (let index = 0; index < texts.length; index++) {
    try {
      JSON.parse(decoder.decode(texts[index]));
    } catch {
      const hint =
        'This model takes any value: send the JSON text of each, such as "{\\"a\\": 1}".';
      throw fault(pathOf(index), "expected the JSON text of an item", hint);
    }
  }
  return { kind: "values", form: "json", values: texts };
}
