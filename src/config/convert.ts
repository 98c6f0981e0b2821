import type { ValueType } from "./value-type.ts";

/** What `convertText` gives for a text that does not fit its type. */
export const NOT_CONVERTIBLE: unique symbol = Symbol("not convertible");

const TRUE_WORDS = ["true", "1", "yes", "on"];
const FALSE_WORDS = ["false", "0", "no", "off"];

/** Turns the text of one flag or variable into a value of the type, or NOT_CONVERTIBLE. */
export function convertText(type: ValueType, text: string): unknown {
  switch (type.kind) {
    case "string":
      return text;
    case "boolean":
      return asBoolean(text.toLowerCase());
    case "integer":
      return /^[+-]?\d+$/.test(text) ? Number(text) : NOT_CONVERTIBLE;
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : NOT_CONVERTIBLE;
    case "enum":
      return type.values.find((value) => String(value) === text) ?? NOT_CONVERTIBLE;
    case "array":
      return convertList(type.items, [text]);
    case "one-of":
      return firstFit(type.options, text);
    case "json":
      return asJson(text);
  }
}

/** Converts each text; NOT_CONVERTIBLE if one of them is. */
export function convertList(items: ValueType, texts: string[]): unknown {
  const values = texts.map((text) => convertText(items, text));
  return values.includes(NOT_CONVERTIBLE) ? NOT_CONVERTIBLE : values;
}

/** "a, n[1,3]:7236" → ["a", "n[1,3]:7236"]: commas part a list, but not inside brackets. */
export function splitList(text: string): string[] {
  return text
    .split(/,(?![^[]*\])/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function asBoolean(word: string): unknown {
  if (TRUE_WORDS.includes(word)) return true;
  return FALSE_WORDS.includes(word) ? false : NOT_CONVERTIBLE;
}

function firstFit(options: ValueType[], text: string): unknown {
  for (const option of options) {
    const value = convertText(option, text);
    if (value !== NOT_CONVERTIBLE) return value;
  }
  return NOT_CONVERTIBLE;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return NOT_CONVERTIBLE;
  }
}
