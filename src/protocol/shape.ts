import type { z } from "zod";
import { DingError, type Code } from "../core/errors.ts";

/** What is read, for the error that says it is wrong. */
export interface ShapeOptions {
  /** Default "body". */
  what?: string;
  /** Default `usage.invalid-input`. */
  code?: Code;
}

/** The value as the schema wants it, or an error that names every fault with its path. */
export function parseShape<S extends z.ZodType>(
  schema: S,
  value: unknown,
  { what = "body", code = "usage.invalid-input" }: ShapeOptions = {},
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => ({
    path: path.map(String).join("."),
    message,
  }));
  const told = faults.map(({ path, message }) => (path ? `"${path}": ${message}` : message));
  throw new DingError(code, `Cannot use ${what}: ${told.join("; ")}`, {
    details: { faults },
    cause: parsed.error,
  });
}
