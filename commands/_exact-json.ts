/** What the runtimes have, and TypeScript does not know yet. */
const { isRawJSON, rawJSON } = JSON as unknown as {
  isRawJSON: (value: unknown) => value is { rawJSON: string };
  rawJSON: (text: string) => unknown;
};

type Reviver = (key: string, value: unknown, context: { source: string }) => unknown;

/** Nearly no text has a number that could lose something. */
const MAY_HAVE_LONG = /\d[\d.]{15}|\d[eE]\+?\d{3}/;
const MOST_DIGITS = 15;

/**
 * `JSON.parse`, but a number with more digits than a double holds stays as it is written, also when it is printed
 * again: 19 digits are an id, and its neighbours are other ids. Throws SyntaxError.
 */
export function parseExactly(text: string): unknown {
  if (!MAY_HAVE_LONG.test(text)) return JSON.parse(text) as unknown;
  const revive: Reviver = (_, value, { source }) =>
    typeof value === "number" && isLossy(value, source) ? rawJSON(source) : value;
  return JSON.parse(text, revive as Parameters<typeof JSON.parse>[1]) as unknown;
}

/** The number as it is written; undefined for what is no number. */
export function numberText(value: unknown): string | undefined {
  if (isRawJSON(value)) return value.rawJSON;
  return typeof value === "number" ? `${value}` : undefined;
}

function isLossy(value: number, source: string): boolean {
  return !Number.isFinite(value) || source.replace(/[eE].*|\D/g, "").length > MOST_DIGITS;
}
