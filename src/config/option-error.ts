import type { z } from "zod";
import { DingError } from "../core/errors.ts";
import { convertText, NOT_CONVERTIBLE } from "./convert.ts";
import { itemTexts } from "./field-value.ts";
import type { OptionField } from "./option-field.ts";
import { didYouMean } from "./suggest.ts";
import { typeName, typeNameWithRange, type ValueType } from "./value-type.ts";

/** Where a value came from, as a person would call it: `--port`, `DING_SLAVE_PORT`. */
export interface Origin {
  from: "flag" | "env" | "file";
  name: string;
}

/** What is known about a set of options when its schema refuses it. */
export interface GivenOptions {
  section: string;
  fields: OptionField[];
  values: Record<string, unknown>;
  origins: Record<string, Origin>;
}

const TYPE_ISSUES: string[] = ["invalid_type", "invalid_value", "invalid_union"];
const RANGE_ISSUES: string[] = ["too_small", "too_big"];

/** A required option that nobody gave. */
export function missingError(section: string, field: OptionField): DingError {
  const name = field.named ? `--${field.flag}` : field.flag.toUpperCase();
  return new DingError("usage.invalid-option", `Cannot start without ${name}`, {
    hint: field.flagOnly
      ? `Pass ${field.named ? `${name} ${field.placeholder}` : name}: ${inSentence(field.description)}`
      : `Pass ${name} ${field.placeholder}, or set ${field.env} or "${section}.${field.key}" in the config file`,
  });
}

/** Behind a colon no capital stands, unless it is a word of capitals. */
function inSentence(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? `${text.charAt(0).toLowerCase()}${text.slice(1)}` : text;
}

/** A text of a flag or variable that is none of the option's type. */
export function wrongTextError(field: OptionField, texts: string[], origin: Origin): DingError {
  if (field.brackets) {
    return wrongValueError({ field, type: field.type, value: texts.join(" "), origin });
  }
  const type = field.type.kind === "array" ? field.type.items : field.type;
  const words = itemTexts(field, texts);
  const wrong = words.find((text) => convertText(type, text) === NOT_CONVERTIBLE) ?? "";
  return wrongValueError({ field, type, value: wrong, origin });
}

/** The first thing that the schema itself does not like, in the words of the person's input. */
export function issueError(error: z.ZodError, given: GivenOptions): DingError {
  const [issue] = error.issues;
  const [key, index] = issue?.path ?? [];
  const field = given.fields.find((one) => one.key === key);
  const message = issue?.message ?? "not valid";
  if (!field || !issue) {
    const subject = `the options of ${given.section}`;
    return new DingError("usage.invalid-option", `Cannot use ${subject}: ${message}`, {
      cause: error,
    });
  }
  const origin = given.origins[field.key] ?? { from: "flag", name: `--${field.flag}` };
  const whole = given.values[field.key];
  const isItem = index !== undefined && Array.isArray(whole);
  const value: unknown = isItem ? whole[Number(index)] : whole;
  const type = isItem && field.type.kind === "array" ? field.type.items : field.type;
  if (TYPE_ISSUES.includes(issue.code)) return wrongValueError({ field, type, value, origin });
  if (RANGE_ISSUES.includes(issue.code) && typeof value === "number") {
    return rangeError(field, type, { value, origin });
  }
  const shown = typeof value === "string" && !field.secret ? `${show(field, value)}: ` : "";
  return new DingError("usage.invalid-option", `Cannot use ${origin.name}: ${shown}${message}`, {
    cause: error,
  });
}

function rangeError(
  field: OptionField,
  type: ValueType,
  { value, origin }: { value: number; origin: Origin },
): DingError {
  return new DingError(
    "usage.invalid-option",
    `Cannot use ${origin.name}: ${show(field, value)} is out of range`,
    { hint: `Use ${typeNameWithRange(type)}` },
  );
}

function wrongValueError(wrong: {
  field: OptionField;
  type: ValueType;
  value: unknown;
  origin: Origin;
}): DingError {
  const { field, type, value, origin } = wrong;
  const suggestion =
    type.kind === "enum" && typeof value === "string"
      ? didYouMean(value, type.values.map(String))
      : undefined;
  return new DingError(
    "usage.invalid-option",
    `Cannot use ${origin.name}: ${show(field, value)} is not ${typeName(type)}`,
    { hint: suggestion ?? `Use ${typeNameWithRange(type)}` },
  );
}

const LONGEST_SHOWN = 60;

function show(field: OptionField, value: unknown): string {
  if (field.secret) return "the secret value";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
