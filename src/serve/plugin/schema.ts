/** Any schema library that follows Standard Schema v1 (standardschema.dev); zod does. */
export interface ItemSchema {
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
export function isSchema(value: unknown): value is ItemSchema {
  const standard = (value as Partial<ItemSchema> | null | undefined)?.["~standard"];
  return typeof standard?.validate === "function";
}

/** Checks an item by a schema: the value to go on with, or the faults. */
export async function checkItem(
  schema: ItemSchema,
  item: unknown,
): Promise<{ value: unknown } | { faults: SchemaFault[] }> {
  const checked = await schema["~standard"].validate(item);
  if (!checked.issues) return { value: checked.value };
  return {
    faults: checked.issues.map(({ path, message }) => ({ path: pathText(path ?? []), message })),
  };
}

function pathText(path: NonNullable<SchemaIssue["path"]>): string {
  return path.map((part) => String(typeof part === "object" ? part.key : part)).join(".");
}
