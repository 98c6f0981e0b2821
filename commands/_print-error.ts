import { CODES, type DingError } from "../src/core/errors.ts";
import { visible } from "./_visible.ts";

/** The text a person sees when a command fails: what happened, where, what to do. */
export function errorText(error: DingError): string {
  const lines = [`ding: ${error.message}`, ...sourceLines(error.details)];
  if (error.hint) lines.push(error.hint);
  if (error.code === "internal.bug") lines.push(...stackLines(error));
  return `${lines.map(visible).join("\n")}\n`;
}

/** The exit code that stands for this error. */
export function exitCodeOf(error: DingError): number {
  return CODES[error.code].exit;
}

/** The place in a plugin's source: `file:line:column`, the line, a mark under the column; the file alone where no more is known. */
function sourceLines({ file, line, column, lineText }: Record<string, unknown>): string[] {
  if (typeof file !== "string") return [];
  if (typeof line !== "number") return [`  at ${file}`];
  const place = `  at ${file}:${line}${typeof column === "number" ? `:${column}` : ""}`;
  if (typeof lineText !== "string") return [place];
  const number = String(line);
  const source = `  ${number} | ${lineText}`;
  if (typeof column !== "number" || column < 1) return [place, source];
  // Tabs stay tabs, so that the mark stands under its letter whatever their width.
  const indent = lineText.slice(0, column - 1).replaceAll(/[^\t]/g, " ");
  const mark = `  ${" ".repeat(number.length)} | ${indent}^`;
  return [place, source, mark];
}

/** Nobody foresaw this: show where it came from, with everything that led to it. */
function stackLines(error: DingError): string[] {
  const lines: string[] = [];
  // The wrapper's own stack says only where it was wrapped.
  let at: unknown = error.cause instanceof Error ? error.cause : error;
  for (; at instanceof Error; at = at.cause) {
    lines.push(...(lines.length > 0 ? ["caused by:"] : []), at.stack ?? String(at));
  }
  return [...lines, "This is a bug: please report it with the lines above"];
}
