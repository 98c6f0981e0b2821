import { expect, test } from "bun:test";
import { BOARDS, hasWon, numberOf, turned } from "../../../examples/league/board.ts";
import { play, type Side } from "../../../examples/league/game.ts";
import { bytesOf, freshValues, learnFrom, valuesOf } from "../../../examples/league/values.ts";
import { Random } from "../../../src/replay/random.ts";

const side = (values: Float32Array, curiosity = 0): Side => ({ values, curiosity });

test("numberOf() gives each board a number of its own, turned() gives it to the other side", () => {
  const board = Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0, 2);
  expect(turned(board)).toEqual(Uint8Array.of(2, 1, 0, 0, 0, 0, 0, 0, 1));
  expect(numberOf(board)).not.toBe(numberOf(turned(board)));
  expect(numberOf(new Uint8Array(9).fill(2))).toBe(BOARDS - 1);
});

test("hasWon() sees rows, columns and diagonals", () => {
  expect(hasWon(Uint8Array.of(0, 0, 0, 1, 1, 1, 0, 0, 0), 1)).toBe(true);
  expect(hasWon(Uint8Array.of(2, 0, 0, 2, 1, 1, 2, 0, 0), 2)).toBe(true);
  expect(hasWon(Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), 1)).toBe(true);
  expect(hasWon(Uint8Array.of(1, 1, 2, 2, 2, 1, 1, 1, 2), 1)).toBe(false);
});

test("play() of two who know nothing ends as games by chance do", () => {
  const chance = new Random(1);
  const scores = Array.from({ length: 2_000 }, () => {
    const { score, boards } = play([side(freshValues()), side(freshValues())], chance);
    const moves = boards[0].length + boards[1].length;
    expect(moves).toBeGreaterThanOrEqual(5);
    if (score === 0) expect(moves).toBe(9);
    return score;
  });
  // The first one wins 58 % of games by chance, the second 29 %.
  const share = (wanted: number): number =>
    scores.filter((score) => score === wanted).length / 2_000;
  expect(share(1)).toBeGreaterThan(0.53);
  expect(share(1)).toBeLessThan(0.64);
  expect(share(-1)).toBeGreaterThan(0.24);
  expect(share(-1)).toBeLessThan(0.34);
});

test("learnFrom() makes a player that beats its first self at least 7 times in 10", () => {
  const chance = new Random(2);
  const values = freshValues();
  for (let game = 0; game < 5_000; game++) {
    const { score, boards } = play([side(values, 0.15), side(values, 0.15)], chance);
    for (const [at, list] of boards.entries()) {
      const own = at === 0 ? score : -score;
      learnFrom(values, Int32Array.from(list), new Float32Array(list.length).fill(own));
    }
  }
  let wins = 0;
  for (let game = 0; game < 200; game++) {
    const isFirst = game % 2 === 0;
    const [one, other] = [side(values), side(freshValues())];
    const { score } = play(isFirst ? [one, other] : [other, one], chance);
    if (score === (isFirst ? 1 : -1)) wins++;
  }
  expect(wins).toBeGreaterThanOrEqual(140);
});

test("valuesOf() gives back what bytesOf() made, wherever it lies", () => {
  const values = freshValues().map((_, at) => at / 7);
  const bytes = new Uint8Array(values.byteLength + 3);
  bytes.set(bytesOf(values), 3);
  expect(valuesOf(bytes.subarray(3))).toEqual(values);
});
