const byNumber = new Intl.Collator("en", { numeric: true });

/**
 * Which version of a model is newer: above 0 when `one` is. Numbers go by their value; a name, such as "beta", is older
 * than any.
 */
export function compareVersions(one: string, other: string): number {
  return isNumbered(one) - isNumbered(other) || byNumber.compare(one, other);
}

function isNumbered(version: string): number {
  return /^\d/.test(version) ? 1 : 0;
}
