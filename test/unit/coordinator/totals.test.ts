import { expect, test } from "bun:test";
import { Totals } from "../../../src/coordinator/plugin/totals.ts";

test("episode() and steps() refuse what is no number, so that no goal is reached with it", () => {
  const totals = new Totals();
  totals.steps(3, 2);
  totals.episode({ return: 1, won: true });
  for (const value of [Number.NaN, Infinity, undefined as unknown as number]) {
    expect(() => totals.episode({ return: value })).toThrow("Cannot count episode()");
    expect(() => totals.steps(value, 1)).toThrow("Cannot count steps()");
  }
  totals.episode({ return: 3, won: false });
  const finish = totals.finish({ isEval: true, durationMs: 1 });
  expect(finish).toMatchObject({ envSteps: 3, episodes: 2, rewardMean: 2, rewardStd: 1 });
  expect(finish).toMatchObject({ wins: 1, losses: 1, draws: 0, policyVersion: 2 });
});
