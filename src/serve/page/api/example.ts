import type { JsonSchema } from "../../../dashboard/openapi.ts";
import type { Datatype } from "../../../protocol/datatype.ts";

/** Longer examples nobody reads. */
const MOST_ELEMENTS = 65_536;
const DEEPEST = 6;

/** As many elements as the shape has, where an open axis is 1; undefined when there would be too many to show. */
export function exampleElements(
  datatype: Datatype,
  shape: readonly number[],
): { shape: number[]; data: unknown[] } | undefined {
  const known = shape.map((size) => (size < 0 ? 1 : size));
  const count = known.reduce((product, size) => product * size, 1);
  if (count > MOST_ELEMENTS) return undefined;
  return { shape: known, data: Array.from({ length: count }, () => exampleElement(datatype)) };
}

/** The JSON Schema of one element. */
export function elementSchema(datatype: Datatype): JsonSchema {
  if (datatype === "BYTES") return { type: "string" };
  if (datatype === "BOOL") return { type: "boolean" };
  return { type: /^U?INT/.test(datatype) ? "integer" : "number" };
}

function exampleElement(datatype: Datatype): unknown {
  if (datatype === "BYTES") return "text";
  return datatype === "BOOL" ? false : 0;
}

/** A value that a JSON Schema of the usual kind takes; undefined where it is too deep or says too little. */
export function exampleOf(schema: JsonSchema, depth: number = 0): unknown {
  if (depth > DEEPEST) return undefined;
  const { type } = schema;
  if ("example" in schema) return schema["example"];
  if ("default" in schema) return schema["default"];
  if ("const" in schema) return schema["const"];
  const [first] = listOf(schema["examples"]) ?? listOf(schema["enum"]) ?? [];
  if (first !== undefined) return first;
  const [option] = listOf(schema["anyOf"]) ?? listOf(schema["oneOf"]) ?? [];
  if (option !== undefined) return exampleOf(option as JsonSchema, depth + 1);
  if (type === "object") return exampleObject(schema, depth);
  if (type === "array") return exampleArray(schema, depth);
  if (type === "string") return exampleString(schema);
  if (type === "integer" || type === "number") return exampleNumber(schema);
  return type === "boolean" ? false : null;
}

function exampleObject(schema: JsonSchema, depth: number): unknown {
  const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
  const required = listOf(schema["required"]) ?? Object.keys(properties);
  const wanted = Object.entries(properties).filter(([name]) => required.includes(name));
  return Object.fromEntries(wanted.map(([name, own]) => [name, exampleOf(own, depth + 1)]));
}

function exampleArray(schema: JsonSchema, depth: number): unknown {
  const prefix = listOf(schema["prefixItems"]);
  if (prefix) return prefix.map((own) => exampleOf(own as JsonSchema, depth + 1));
  const items = (schema["items"] ?? {}) as JsonSchema;
  const least = typeof schema["minItems"] === "number" ? schema["minItems"] : 1;
  return Array.from({ length: Math.min(least, MOST_ELEMENTS) }, () => exampleOf(items, depth + 1));
}

function exampleString({ minLength, format }: JsonSchema): string {
  if (format === "uri") return "https://example.org/";
  if (format === "date-time") return "2026-01-01T00:00:00Z";
  return "text".padEnd(typeof minLength === "number" ? Math.min(minLength, 1_000) : 0, "-");
}

function exampleNumber({ minimum, exclusiveMinimum }: JsonSchema): number {
  if (typeof minimum === "number") return Math.max(0, minimum);
  return typeof exclusiveMinimum === "number" ? Math.max(0, exclusiveMinimum + 1) : 0;
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) && value.length > 0 ? value : undefined;
}
