import { DingError } from "../../core/errors.ts";

/** A pool knows processes, not models: which of several did not load? */
export function withName(error: DingError, name: string): DingError {
  const { code, message, hint, details } = error;
  const [, why] = /^Cannot load plugin: (.*)$/s.exec(message) ?? [];
  if (why === undefined) return error;
  return new DingError(code, `Cannot load model "${name}": ${why}`, {
    hint,
    details,
    cause: error,
  });
}
