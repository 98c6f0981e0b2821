/** Who has a field: 0 nobody, 1 the one who moves, 2 the other. */
export type Board = Uint8Array;

/** Fields of tic-tac-toe. */
export const FIELDS = 9;
/** Boards that there can be, won or not. */
export const BOARDS = 3 ** FIELDS;

const LINES = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
  [0, 3, 6],
  [1, 4, 7],
  [2, 5, 8],
  [0, 4, 8],
  [2, 4, 6],
] as const;

/** A number for each board. */
export function numberOf(board: Board): number {
  let number = 0;
  for (const field of board) number = 3 * number + field;
  return number;
}

export function freeFields(board: Board): number[] {
  return [...board.keys()].filter((field) => board[field] === 0);
}

/** Has the one with these fields three in a line? */
export function hasWon(board: Board, who: 1 | 2): boolean {
  return LINES.some((line) => line.every((field) => board[field] === who));
}

/** The same board as the other one sees it. */
export function turned(board: Board): Board {
  return board.map((field) => (field === 0 ? 0 : 3 - field));
}
