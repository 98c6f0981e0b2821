import { expect, test } from "bun:test";
import { MOMENTS, Returns } from "../../../../src/serve/batching/returns.ts";

/** Four callers that come back 1, 2, 3 and 4 ms after each answer, every 10 ms. */
function punctual(rounds: number): { returns: Returns; now: number } {
  const returns = new Returns();
  let now = 0;
  for (let round = 0; round < rounds; round++) {
    returns.onAnswer(4, 4, now);
    for (let ms = 1; ms <= 4; ms++) returns.onRequest(now + ms);
    now += 10;
  }
  return { returns, now };
}

test("rowsWithin() expects those who were answered, when they use to come", () => {
  const { returns, now } = punctual(40);
  expect(returns.trust).toBe(1);
  expect(returns.rowsWithin(5, now)).toBe(0);
  returns.onAnswer(4, 8, now); // two items each
  expect(returns.rowsWithin(0.5, now)).toBe(0);
  expect(returns.rowsWithin(2, now)).toBeCloseTo(4, 5);
  expect(returns.rowsWithin(4, now)).toBeCloseTo(8, 5);
  returns.onRequest(now + 1);
  expect(returns.rowsWithin(3, now + 1)).toBeCloseTo(6, 5);
  expect(returns.rowsWithin(9, now + 4)).toBe(0); // they are overdue
});

test("moment() tells when more may be here, and never when nobody is away", () => {
  const { returns, now } = punctual(40);
  expect(returns.awayRows).toBe(0);
  expect(returns.moment(0, now)).toBe(Infinity);
  returns.onAnswer(4, 8, now);
  expect(returns.awayRows).toBe(8);
  const moments = Array.from({ length: MOMENTS }, (_, index) => returns.moment(index, now + 0.5));
  expect(moments).toEqual([0.5, 0.5, 1.5, 1.5, 2.5, 2.5, 3.5, 3.5]);
  returns.onRequest(now + 1);
  expect(returns.awayRows).toBe(6);
  returns.giveUp(now + 1_000, 50);
  expect(returns.awayRows).toBe(0);
});

test("trust falls when those who were answered do not come, and comes back with them", () => {
  const { returns } = punctual(40);
  let now = 1_000;
  for (let round = 0; round < 10; round++) {
    returns.onAnswer(4, 4, now);
    now += 100;
    returns.giveUp(now, 50);
  }
  expect(returns.trust).toBeLessThan(0.5);
  returns.onAnswer(4, 4, now);
  expect(returns.rowsWithin(10, now)).toBeLessThan(2);
  for (let round = 0; round < 40; round++) {
    returns.onAnswer(4, 4, now);
    for (let ms = 1; ms <= 4; ms++) returns.onRequest(now + ms);
    now += 10;
  }
  expect(returns.trust).toBe(1);
});

test("Returns keeps only the latest answers, however many nobody comes back for", () => {
  const returns = new Returns();
  for (let index = 0; index < 10_000; index++) returns.onAnswer(16, 16, index);
  expect(returns.rowsWithin(1e6, 10_000)).toBe(0);
  expect(returns.trust).toBeLessThan(0.1);
});
