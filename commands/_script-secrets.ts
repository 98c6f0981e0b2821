import type { OptionField } from "../src/config/option-field.ts";
import { DingError } from "../src/core/errors.ts";

/** May the value of this option be read by nobody who reads a script? A URL with a password may not either. */
export function isSecret(field: OptionField, value: unknown): boolean {
  return field.secret || (Array.isArray(value) ? value.some(hasPassword) : hasPassword(value));
}

/** What to say of it. */
export function secretError(field: OptionField): DingError {
  return new DingError("usage.invalid-option", `Cannot write --${field.flag} into a script`, {
    hint: `It is a secret: set ${field.env} where the script runs`,
  });
}

/** redis://user:password@host */
function hasPassword(value: unknown): boolean {
  return typeof value === "string" && /^[a-z+]+:\/\/[^/]*:[^/]+@/.test(value);
}
