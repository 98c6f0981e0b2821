import { type Board, FIELDS, freeFields, hasWon, numberOf, turned } from "./board.ts";

/** Of numbers by chance, from 0 up to but without 1. */
export interface Chance {
  next: () => number;
}

/** What a player knows: how good it is to have moved to a board, from −1 to 1. */
export type Values = Float32Array;

/** A player of a game, and how often it tries something: 0 never. */
export interface Side {
  values: Values;
  curiosity: number;
}

/** How a game went, as each of the two sees it. */
export interface Played {
  /** 1 the first side has won, 0 a draw, −1 the second one. */
  score: -1 | 0 | 1;
  /** The boards that each side moved to, as it saw them. */
  boards: [first: number[], second: number[]];
}

/** Plays one game; the first side begins. */
export function play(sides: readonly [Side, Side], chance: Chance): Played {
  let board: Board = new Uint8Array(FIELDS);
  const boards: [number[], number[]] = [[], []];
  for (let move = 0; move < FIELDS; move++) {
    const who = move % 2 === 0 ? 0 : 1;
    const field = choose(board, sides[who], chance);
    board[field] = 1;
    boards[who].push(numberOf(board));
    if (hasWon(board, 1)) return { score: who === 0 ? 1 : -1, boards };
    board = turned(board);
  }
  return { score: 0, boards };
}

/** The best field, any of them where several are; or by chance, those near the best more often. */
function choose(board: Board, { values, curiosity }: Side, chance: Chance): number {
  const fields = freeFields(board);
  const worths = fields.map((field) => {
    board[field] = 1;
    const worth = values[numberOf(board)] ?? 0;
    board[field] = 0;
    return worth;
  });
  const best = Math.max(...worths);
  const weights = worths.map((worth) =>
    curiosity === 0 ? Number(worth === best) : Math.exp((worth - best) / curiosity),
  );
  let point = chance.next() * weights.reduce((sum, weight) => sum + weight, 0);
  const at = weights.findIndex((weight) => (point -= weight) < 0);
  return fields[at] ?? fields[0] ?? 0;
}
