/** The elements of a tensor in row-major order: numbers as bytes, texts as they are. */
export type Cells = Uint8Array | readonly string[];

/** How the rows of a batch lie in a tensor. */
export interface Layout {
  /** How many rows there are, at least 1. */
  readonly rows: number;
  /** How many a run takes; those beyond `rows` are copies of the last. */
  readonly runRows: number;
  /** The product of the axes before the batch axis. */
  readonly outer: number;
}

/** From [rows, outer, rest] to [outer, runRows, rest]; without a copy where nothing moves. */
export function spread(cells: Cells, { rows, runRows, outer }: Layout): Cells {
  if (rows === runRows && (outer === 1 || rows === 1)) return cells;
  const blockOf = (at: number) => {
    const row = Math.min(at % runRows, rows - 1);
    return row * outer + Math.floor(at / runRows);
  };
  return rearranged(cells, { from: rows * outer, to: outer * runRows, blockOf });
}

/** From [outer, runRows, rest] to [rows, outer, rest]; without a copy where nothing moves. */
export function gathered(cells: Cells, { rows, runRows, outer }: Layout): Cells {
  if (outer === 1 || runRows === 1) return part(cells, 0, rows * (cells.length / runRows));
  const blockOf = (at: number) => (at % outer) * runRows + Math.floor(at / outer);
  return rearranged(cells, { from: outer * runRows, to: rows * outer, blockOf });
}

/** The cells between two places, as a view where they are bytes. */
export function part(cells: Cells, from: number, to: number): Cells {
  return cells instanceof Uint8Array ? cells.subarray(from, to) : cells.slice(from, to);
}

interface Move {
  /** How many blocks there are, and how many there shall be. */
  readonly from: number;
  readonly to: number;
  /** Which block comes to a place. */
  readonly blockOf: (at: number) => number;
}

function rearranged(cells: Cells, { from, to, blockOf }: Move): Cells {
  const size = cells.length / from;
  if (!(cells instanceof Uint8Array)) {
    const blocks = Array.from({ length: to }, (_, at) => blockOf(at) * size);
    return blocks.flatMap((start) => cells.slice(start, start + size));
  }
  const moved = new Uint8Array(to * size);
  for (let at = 0; at < to; at++) {
    const start = blockOf(at) * size;
    moved.set(cells.subarray(start, start + size), at * size);
  }
  return moved;
}
