/** What an option holds, as far as flags, help and error texts must know. */
export type ValueType =
  | { kind: "string" | "boolean" | "json" }
  /** The range in words, as " from 0 to 65535"; empty when there is none. */
  | { kind: "integer" | "number"; range: string }
  | { kind: "enum"; values: Literal[] }
  | { kind: "array"; items: ValueType }
  | { kind: "one-of"; options: ValueType[] };

/** A value that an option may have word for word. */
export type Literal = string | number | boolean;

/** The part of a JSON schema that is read here; zod writes it. */
export interface JsonSchema {
  type?: string | string[];
  enum?: Literal[];
  const?: Literal;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  default?: unknown;
  description?: string;
  [meta: string]: unknown;
}

/** Reads the type off a schema as zod's `toJSONSchema` writes it. */
export function valueTypeOf(schema: JsonSchema): ValueType {
  if (schema.const !== undefined) return { kind: "enum", values: [schema.const] };
  if (schema.enum) return { kind: "enum", values: schema.enum };
  if (schema.anyOf) return oneOf(schema.anyOf.filter((option) => option.type !== "null"));
  switch (plainType(schema)) {
    case "string":
      return { kind: "string" };
    case "boolean":
      return { kind: "boolean" };
    case "integer":
      return { kind: "integer", range: rangeOf(schema) };
    case "number":
      return { kind: "number", range: rangeOf(schema) };
    case "array":
      return { kind: "array", items: valueTypeOf(schema.items ?? { type: "string" }) };
    case undefined:
    default:
      return { kind: "json" };
  }
}

/** How the type is called in a sentence: `"abc" is not …`. */
export function typeName(type: ValueType): string {
  switch (type.kind) {
    case "string":
      return "a text";
    case "boolean":
      return "true or false";
    case "integer":
      return "an integer";
    case "number":
      return "a number";
    case "enum":
      return type.values.length === 1 ? `"${type.values[0]}"` : `one of ${type.values.join(", ")}`;
    case "array":
      return "a list";
    case "one-of":
      return type.options.map(typeName).join(" or ");
    case "json":
      return "JSON";
  }
}

/** The name with the range that is allowed: `an integer from 0 to 65535`. */
export function typeNameWithRange(type: ValueType): string {
  if (type.kind === "one-of") return type.options.map(typeNameWithRange).join(" or ");
  return "range" in type ? `${typeName(type)}${type.range}` : typeName(type);
}

function plainType({ type }: JsonSchema): string | undefined {
  return typeof type === "string" ? type : type?.find((name) => name !== "null");
}

function oneOf(options: JsonSchema[]): ValueType {
  const types = options.map(valueTypeOf);
  const enums = types.filter((type) => type.kind === "enum");
  const merged: ValueType[] = types.filter((type) => type.kind !== "enum");
  if (enums.length > 0) {
    merged.unshift({ kind: "enum", values: enums.flatMap((type) => type.values) });
  }
  const [only] = merged;
  return merged.length === 1 && only ? only : { kind: "one-of", options: merged };
}

/** zod writes the bounds of a safe integer too; they say nothing to a person. */
function rangeOf(schema: JsonSchema): string {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  const { exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  const hasMinimum = minimum > Number.MIN_SAFE_INTEGER;
  const hasMaximum = maximum < Number.MAX_SAFE_INTEGER;
  if (hasMinimum && hasMaximum) return ` from ${minimum} to ${maximum}`;
  const lower = hasMinimum ? ` of at least ${minimum}` : bound(" above", above);
  const upper = hasMaximum ? ` at most ${maximum}` : bound(" below", below);
  if (lower === "") return hasMaximum ? ` of${upper}` : upper;
  return upper === "" ? lower : `${lower} and${upper}`;
}

function bound(word: string, limit: number | undefined): string {
  return limit === undefined ? "" : `${word} ${limit}`;
}
