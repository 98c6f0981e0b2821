import { z } from "zod";
import { type JsonSchema, type ValueType, valueTypeOf } from "./value-type.ts";

/** One option of a role: everything that flags, environment, help and docs say about it. */
export interface OptionField {
  key: string;
  flag: string;
  env: string;
  type: ValueType;
  required: boolean;
  defaultValue: unknown;
  description: string;
  /** From the schema's meta: the heading in help and docs. */
  group: string;
  short: string | undefined;
  /** Other spellings of the flag that stay accepted. */
  aliases: string[];
  /** The placeholder in help: `--port N`. */
  placeholder: string;
  /** Of these spellings the first that was given wins, wherever it stands; else the last given. */
  ranked: string[];
  /** By spelling: what to tell whoever uses it. */
  notes: Record<string, string>;
  /** One dash will do for long names: `-num_worker 2`, as the ancestors' programs had it. */
  singleDash: boolean;
  /** May be given by its place. */
  positional: boolean;
  /** Has a name; false for what can only be given by its place. */
  named: boolean;
  /** A list that may also be written as several words, or with commas: `--device-map -1 0,1`. */
  listOfWords: boolean;
  /** A list of lists in brackets, quoted or not: `--remote-servers [[10.0.0.1, 1], [n2, 2]]`. */
  brackets: boolean;
  /** Neither variable nor config key: it belongs to one run. What has no name is so, too. */
  flagOnly: boolean;
  /** Never printed, logged or put into a script. */
  secret: boolean;
  /** A relative value in the config file counts from that file's folder. */
  path: boolean;
  /** What the path names is written to. */
  writes: boolean;
  /** Each value is a path with or without a name before it: `small=./a.onnx`. */
  namedPath: boolean;
}

const DEFAULT_GROUP = "Options";

/** heartbeatMs → heartbeat-ms */
export function flagName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** slave, heartbeatMs → DING_SLAVE_HEARTBEAT_MS */
export function envName(section: string, key: string): string {
  return `DING_${section}_${flagName(key)}`.replaceAll("-", "_").toUpperCase();
}

/** The options of a section, read off its schema, in the schema's order. */
export function fieldsOf(section: string, schema: z.ZodObject): OptionField[] {
  const object = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonSchema & {
    properties?: Record<string, JsonSchema>;
    required?: string[];
    singleDash?: boolean;
  };
  return Object.entries(object.properties ?? {}).map(([key, json]) => {
    const type = valueTypeOf(json);
    return {
      key,
      flag: flagName(key),
      env: envName(section, key),
      type,
      required: object.required?.includes(key) ?? false,
      defaultValue: json.default,
      description: json.description ?? "",
      group: textOf(json.group) ?? DEFAULT_GROUP,
      short: textOf(json.short),
      aliases: Array.isArray(json.aliases) ? json.aliases.map(String) : [],
      placeholder: textOf(json.placeholder) ?? placeholderOf(type, isPath(json)),
      ranked: Array.isArray(json.ranked) ? json.ranked.map(String) : [],
      notes: (json.notes ?? {}) as Record<string, string>,
      singleDash: object.singleDash === true,
      positional: json.positional === true || json.positional === "also",
      named: json.positional !== true,
      listOfWords: json.list === "words",
      brackets: json.brackets === true,
      flagOnly: json.flagOnly === true || json.positional === true,
      secret: json.secret === true,
      path: isPath(json),
      writes: json.writes === true,
      namedPath: json.path === "named",
    };
  });
}

function isPath(json: JsonSchema): boolean {
  return json.path === true || json.path === "named";
}

function placeholderOf(type: ValueType, isPath: boolean): string {
  switch (type.kind) {
    case "boolean":
      return "";
    case "integer":
    case "number":
      return "N";
    case "enum":
      return type.values.join("|");
    case "array":
      return placeholderOf(type.items, isPath);
    case "one-of":
      return type.options.map((option) => placeholderOf(option, isPath)).join("|");
    case "json":
      return "JSON";
    case "string":
      return isPath ? "FILE" : "TEXT";
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
