import type { Piece } from "./piece.ts";

/** A batch that failed, cut in two by items, so that the one that fails it is found; one item stays one. */
export function halvesOf<T>(pieces: readonly Piece<T>[]): readonly (readonly Piece<T>[])[] {
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  if (rows < 2) return [pieces];
  const first: Piece<T>[] = [];
  const second: Piece<T>[] = [];
  let room = Math.ceil(rows / 2);
  for (const piece of pieces) {
    const here = Math.min(room, piece.rows);
    if (here > 0) first.push({ ...piece, rows: here });
    if (here < piece.rows) {
      second.push({ ...piece, from: piece.from + here, rows: piece.rows - here });
    }
    room -= here;
  }
  return [first, second];
}
