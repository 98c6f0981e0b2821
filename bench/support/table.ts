import { isRate, type Row } from "./row.ts";

const HEAD = ["measure", "ding", "bare", "ratio", "bound", "", "ancestor"];

/** The rows as text, each ratio beside its bound. */
export function table(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) => aligned(line, widths).trimEnd()).join("\n");
}

/** One row as text, for those who wait. */
export function brief(row: Row): string {
  const [id, value, , ratio, bound, verdict] = cells(row);
  return [id, value, ratio && `ratio ${ratio}`, bound, verdict].filter(Boolean).join("  ");
}

function cells({ id, value, unit, limit, peer, ratio, bound, ok }: Row): string[] {
  const figure = (number: number | null): string =>
    number === null ? "" : `${rounded(number)} ${unit}`;
  const sign = isRate(unit) ? "≥" : "≤";
  const of = ratio === null ? ` ${unit}` : "";
  return [
    id,
    figure(value),
    figure(limit),
    ratio === null ? "" : ratio.toFixed(2),
    bound === null ? "" : `${sign} ${bound}${of}`,
    bound === null ? "" : ok ? "ok" : "BROKEN",
    figure(peer),
  ];
}

function rounded(number: number): string {
  const digits = Math.abs(number) < 10 ? 2 : Math.abs(number) < 100 ? 1 : 0;
  return number.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** The first column to the left, figures to the right. */
function aligned(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
    )
    .join("  ");
}
