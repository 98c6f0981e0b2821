const MAX_COLUMN = 60;

/** Rows of texts in columns; a cell that is far too long pushes only its own row. */
export function columnsText(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) {
      const width = cell.length > MAX_COLUMN ? 0 : cell.length;
      widths[at] = Math.max(widths[at] ?? 0, width);
    }
  }
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
