import type { Origin } from "../src/config/option-error.ts";
import type { OptionField } from "../src/config/option-field.ts";
import { DingError } from "../src/core/errors.ts";

/** May the value of this option be read by nobody who reads a script? A URL with a password may not either. */
export function isSecret(field: OptionField, value: unknown): boolean {
  return field.secret || (Array.isArray(value) ? value.some(hasPassword) : hasPassword(value));
}

/** What to say of it; it may be where it belongs already, but not in what is written here. */
export function secretError(field: OptionField, from?: Origin["from"]): DingError {
  const where = `set ${from === "env" ? "it" : field.env} where the script runs`;
  return new DingError("usage.invalid-option", `Cannot write --${field.flag} into a script`, {
    hint: `It is a secret: ${from === "env" ? `unset ${field.env} here, and ${where}` : where}`,
  });
}

/** redis://user:password@host, whatever is in the password; for NATS a name alone is one. */
function hasPassword(value: unknown): boolean {
  return (
    typeof value === "string" &&
    /^(?:[a-z][a-z\d+-]*:\/\/[^/@:]*:.+@|nats:\/\/[^/@:]+@)/s.test(value)
  );
}
