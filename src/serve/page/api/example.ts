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
export function exampleOf(schema: JsonSchema): unknown {
  return new Exampler(schema).of(schema);
}

/** Makes a value by a schema, whose references lead into its root. */
class Exampler {
  readonly #root: JsonSchema;
  /** The references that are being followed: what holds itself has an end. */
  readonly #followed = new Set<string>();
  #depth = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  of(schema: JsonSchema): unknown {
    if (this.#depth > DEEPEST) return undefined;
    this.#depth += 1;
    try {
      return this.#of(schema);
    } finally {
      this.#depth -= 1;
    }
  }

  #of(schema: JsonSchema): unknown {
    if ("example" in schema) return schema["example"];
    if ("default" in schema) return schema["default"];
    if ("const" in schema) return schema["const"];
    const [first] = listOf(schema["examples"]) ?? listOf(schema["enum"]) ?? [];
    if (first !== undefined) return first;
    if (typeof schema["$ref"] === "string") return this.#referred(schema["$ref"]);
    for (const option of listOf(schema["anyOf"]) ?? listOf(schema["oneOf"]) ?? []) {
      const value = this.of(option as JsonSchema);
      if (value !== undefined) return value;
    }
    const parts = listOf(schema["allOf"]);
    if (parts) return Object.assign({}, ...parts.map((part) => this.of(part as JsonSchema)));
    const [type] = listOf(schema["type"]) ?? [schema["type"]];
    if (type === "object") return this.#object(schema);
    if (type === "array") return this.#array(schema);
    if (type === "string") return exampleString(schema);
    if (type === "integer" || type === "number") return exampleNumber(schema);
    return type === "boolean" ? false : null;
  }

  #referred(reference: string): unknown {
    if (!reference.startsWith("#") || this.#followed.has(reference)) return undefined;
    let at: unknown = this.#root;
    for (const part of reference.split("/").slice(1)) {
      const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
      at = (at as JsonSchema | undefined)?.[key];
    }
    if (typeof at !== "object" || at === null) return undefined;
    this.#followed.add(reference);
    const value = this.of(at as JsonSchema);
    this.#followed.delete(reference);
    return value;
  }

  #object(schema: JsonSchema): unknown {
    const properties = (schema["properties"] ?? {}) as Record<string, JsonSchema>;
    const required = listOf(schema["required"]) ?? Object.keys(properties);
    const wanted = Object.entries(properties).filter(([name]) => required.includes(name));
    return Object.fromEntries(wanted.map(([name, own]) => [name, this.of(own)]));
  }

  #array(schema: JsonSchema): unknown {
    const prefix = listOf(schema["prefixItems"]);
    if (prefix) return prefix.map((own) => this.of(own as JsonSchema));
    const items = (schema["items"] ?? {}) as JsonSchema;
    const least = typeof schema["minItems"] === "number" ? schema["minItems"] : 1;
    const item = this.of(items);
    if (item === undefined) return [];
    return Array.from({ length: Math.min(least, MOST_ELEMENTS) }, () => item);
  }
}

const BY_FORMAT: Readonly<Record<string, string>> = {
  uri: "https://example.org/",
  email: "somebody@example.org",
  uuid: "00000000-0000-4000-8000-000000000000",
  "date-time": "2026-01-01T00:00:00Z",
  date: "2026-01-01",
  time: "00:00:00",
};

function exampleString({ minLength, maxLength = Infinity, format }: JsonSchema): string {
  const known = BY_FORMAT[format as string];
  if (known !== undefined) return known;
  const text = "text".slice(0, maxLength as number);
  return text.padEnd(typeof minLength === "number" ? Math.min(minLength, 1_000) : 0, "-");
}

function exampleNumber({ minimum, maximum = 0, exclusiveMinimum }: JsonSchema): number {
  if (typeof minimum === "number" && minimum > 0) return minimum;
  if (typeof exclusiveMinimum === "number" && exclusiveMinimum >= 0) return exclusiveMinimum + 1;
  return Math.min(0, maximum as number);
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) && value.length > 0 ? value : undefined;
}
