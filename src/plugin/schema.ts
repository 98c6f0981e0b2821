/** Any schema library that follows Standard Schema v1 (standardschema.dev); zod does. */
export interface StandardSchema {
  readonly "~standard": {
    validate(value: unknown): SchemaResult | Promise<SchemaResult>;
  };
}

type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What does not fit, and where: "texts.0". */
export interface SchemaFault {
  path: string;
  message: string;
}

/** Is this a schema that can be asked? */
export function isSchema(value: unknown): value is StandardSchema {
  const standard = (value as Partial<StandardSchema> | null | undefined)?.["~standard"];
  return typeof standard?.validate === "function";
}

/** Checks a value by a schema: the value to go on with, or the faults. */
export async function checkBySchema(
  schema: StandardSchema,
  value: unknown,
): Promise<{ value: unknown } | { faults: SchemaFault[] }> {
  const checked = await schema["~standard"].validate(value);
  if (!checked.issues) return { value: checked.value };
  return {
    faults: checked.issues.map(({ path, message }) => ({ path: pathText(path ?? []), message })),
  };
}

function pathText(path: NonNullable<SchemaIssue["path"]>): string {
  return path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
}

/** The JSON Schema of what comes into a schema, or out of it; undefined where the library cannot tell. */
export function jsonSchemaOf(
  schema: StandardSchema | undefined,
  side: "input" | "output",
): unknown {
  const standard = schema?.["~standard"] as Partial<StandardJsonSchema> | undefined;
  try {
    return standard?.jsonSchema?.[side]({
      target: "draft-2020-12",
      // Zod's: what JSON Schema has no word for, such as a Date, is any value there, and the rest is told.
      libraryOptions: { unrepresentable: "any" },
    });
  } catch {
    // Another library has no such option: the schema checks all the same.
    return undefined;
  }
}

/** standardschema.dev/json-schema; zod from 4.2 on. */
interface StandardJsonSchema {
  jsonSchema: Record<"input" | "output", (options: JsonSchemaOptions) => unknown>;
}

interface JsonSchemaOptions {
  target: string;
  libraryOptions?: Record<string, unknown>;
}
