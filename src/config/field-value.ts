import { readBrackets } from "./brackets.ts";
import { convertList, convertText, NOT_CONVERTIBLE, splitList } from "./convert.ts";
import type { OptionField } from "./option-field.ts";

/** The value that a flag's or a variable's texts mean for this field, or NOT_CONVERTIBLE. */
export function valueOfTexts(field: OptionField, texts: string[]): unknown {
  const { type } = field;
  if (field.brackets) return valueOfBrackets(field, texts);
  if (type.kind !== "array") return convertText(type, texts.at(-1) ?? "");
  return convertList(type.items, itemTexts(field, texts));
}

/** The texts of a list's items, for a flag that was given with these. */
export function itemTexts(field: OptionField, texts: string[]): string[] {
  return field.listOfWords ? texts.flatMap(splitWords) : texts;
}

/** The items' texts of a list in a variable, where one text must hold them all. */
export function variableTexts(field: OptionField, text: string): string[] {
  return field.type.kind === "array" && !field.brackets ? splitList(text) : [text];
}

/** "-1, 0 1" and "[-1, 0, 1]" → ["-1", "0", "1"] */
function splitWords(text: string): string[] {
  const words = text.replace(/^\s*\[(.*)\]\s*$/s, "$1").split(/[\s,]+/);
  return words.filter((word) => word !== "");
}

/** Lists that were given one after the other are one list. */
function valueOfBrackets({ type }: OptionField, texts: string[]): unknown {
  const values = texts.map((text) =>
    text.trimStart().startsWith("[") ? readBrackets(text) : text,
  );
  if (values.includes(NOT_CONVERTIBLE)) return NOT_CONVERTIBLE;
  const isListOfLists = type.kind === "array" && ["array", "json"].includes(type.items.kind);
  return values.flatMap((value) => {
    if (!Array.isArray(value)) return [value];
    const list: unknown[] = value;
    // [host, 1, 2] alone is one server, not three.
    return isListOfLists && !list.some(Array.isArray) && list.length > 0 ? [list] : list;
  });
}
