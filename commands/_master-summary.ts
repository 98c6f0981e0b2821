import { writeJson } from "../src/protocol/json-writer.ts";
import type { ResultLine } from "../src/master/submit/result-line.ts";
import type { SubmitSummary } from "../src/master/submit/tally.ts";
import { columnsText } from "./_columns.ts";

const MAX_RESULT_CHARACTERS = 1_000;

/** The first results of a job, one a line: place, status, result as JSON, and why it failed. */
export function resultsText({ first, done, skipped }: SubmitSummary, out?: string): string {
  const rows = first.map((line) => {
    // One cell: long results would push the reasons of the others out of sight.
    const result = `${shorten(writeJson(line.result ?? null))}  ${reasonOf(line)}`;
    return [String(line.index), line.status, result.trimEnd()];
  });
  const more = done - skipped - first.length;
  const where = out === undefined ? "pass --out FILE to keep them all" : `all in ${out}`;
  const lines = columnsText(rows);
  if (more > 0) lines.push(`… and ${more} more: ${where}`);
  return lines.map((line) => `${line}\n`).join("");
}

/** `1,000 tasks in 12.3 s: 998 completed, 2 failed` */
export function countsText({ counts, done, skipped, retried, ms }: SubmitSummary): string {
  const ends = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([status, count]) => `${number(count)} ${status.toLowerCase().replaceAll("_", " ")}`);
  const notes = [
    ...(skipped > 0 ? [`${number(skipped)} of them in an earlier run`] : []),
    ...(retried > 0 ? [`${number(retried)} attempt${retried === 1 ? "" : "s"} repeated`] : []),
  ];
  const tasks = `${number(done)} task${done === 1 ? "" : "s"}`;
  const list = ends.length > 0 ? `: ${ends.join(", ")}` : "";
  const note = notes.length > 0 ? ` (${notes.join("; ")})` : "";
  return `${tasks} in ${(ms / 1_000).toFixed(1)} s${list}${note}\n`;
}

function reasonOf({ error }: ResultLine): string {
  return error ? shorten(error.message.replaceAll(/\s+/g, " ")) : "";
}

function shorten(text: string): string {
  const more = text.length - MAX_RESULT_CHARACTERS;
  return more > 0 ? `${text.slice(0, MAX_RESULT_CHARACTERS)}… (${number(more)} more)` : text;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
