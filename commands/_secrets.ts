const HIDDEN = "[hidden]";
const SECRET_KEY = /token|secret|password|authorization|credential/i;

/** Takes secrets out of what is about to be shown. */
export interface Hider {
  text(text: string): string;
  fields(fields: Record<string, unknown>): Record<string, unknown>;
}

/** Hides these texts wherever they stand, and whatever stands under a key that names a secret. */
export function hider(secrets: (string | undefined)[]): Hider {
  const known = secrets.filter((secret) => secret !== undefined && secret !== "");
  const text = (shown: string): string =>
    known.reduce<string>((left, secret) => left.replaceAll(secret ?? "", HIDDEN), shown);
  const replace = (key: string, value: unknown): unknown => {
    if (typeof value === "string") return SECRET_KEY.test(key) && value ? HIDDEN : text(value);
    if (typeof value === "bigint") return String(value);
    return value instanceof Error ? errorFields(value) : value;
  };
  return {
    text,
    fields: (fields) => {
      try {
        return JSON.parse(JSON.stringify(fields, replace)) as Record<string, unknown>;
      } catch {
        // A circle: what cannot be read cannot be checked for secrets either.
        return { fields: "[not serializable]" };
      }
    },
  };
}

function errorFields(error: Error): Record<string, unknown> {
  const { name, message, stack } = error;
  return Object.assign({} as Record<string, unknown>, error, { name, message, stack });
}
