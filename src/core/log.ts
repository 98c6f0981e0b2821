import { inspect } from "node:util";

/** Where a service tells its operator what happens; facts go in `fields`. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** Says nothing: the default of library classes. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** The same logger, with these facts in every line. */
export function loggerWith(log: Logger, facts: Record<string, unknown>): Logger {
  const saying =
    (level: keyof Logger) =>
    (...values: unknown[]): void => {
      const [message, fields] = logLine(values);
      log[level](message, { ...facts, ...fields });
    };
  return {
    debug: saying("debug"),
    info: saying("info"),
    warn: saying("warn"),
    error: saying("error"),
  };
}

/**
 * What plugins hand to a logger, as a console takes it: any values, in any order. Plain objects are
 * facts, an error brings its stack along, all else is part of the message.
 */
export function logLine(
  values: readonly unknown[],
): [message: string, fields: Record<string, unknown>] {
  const [first, ...rest] = values;
  const words = [wordOf(first)];
  let fields: Record<string, unknown> = stackOf(first);
  for (const value of rest) {
    if (value === undefined) continue;
    if (!isPlain(value)) words.push(wordOf(value));
    fields = { ...fields, ...(isPlain(value) ? value : stackOf(value)) };
  }
  return [words.join(" "), fields];
}

function wordOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value instanceof Error ? String(value) : inspect(value, { breakLength: Infinity });
}

function stackOf(value: unknown): { stack?: string } {
  return value instanceof Error && value.stack !== undefined ? { stack: value.stack } : {};
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
