import { expect, test } from "bun:test";
import { League } from "../../../src/coordinator/commander/league/league.ts";
import { Payoff } from "../../../src/coordinator/commander/league/payoff.ts";
import { drawn, pfsp } from "../../../src/coordinator/commander/league/pfsp.ts";
import { FIRST_RATING, rated } from "../../../src/coordinator/commander/league/rating.ts";
import { leagueSettings } from "../../../src/coordinator/config/commander-settings.ts";

function league(more: object = {}): League {
  const made = new League(leagueSettings.parse({ onePhaseStep: 100, ...more }), 7);
  made.begin("policy_a");
  return made;
}

test("pfsp() weighs past players by (1 - w) squared, by w(1 - w), or alike; where nobody counts, all do", () => {
  expect(pfsp([0, 0.5, 1], "squared")).toEqual([0.8, 0.2, 0]);
  const [zero, half, one] = pfsp([0, 0.5, 1], "variance");
  expect([zero, half, one]).toEqual([0, 1, 0]);
  expect(pfsp([0.1, 0.9], "uniform")).toEqual([0.5, 0.5]);
  expect(pfsp([1, 1], "squared")).toEqual([0.5, 0.5]);
});

test("drawn() follows the shares", () => {
  const shares = [0.2, 0.5, 0.3];
  expect([0, 0.19, 0.21, 0.69, 0.71, 0.999_999].map((chance) => drawn(shares, chance))).toEqual([
    0, 0, 1, 1, 2, 2,
  ]);
});

test("a payoff forgets: every game counts 0.99 of itself after the next; a few games count as a half", () => {
  const payoff = new Payoff({ decay: 0.99, minGames: 8 });
  for (let game = 0; game < 7; game++) payoff.add("main", "old", "wins");
  expect(payoff.record("main", "old").games).toBeCloseTo((1 - 0.99 ** 7) / 0.01, 9);
  expect(payoff.winRate("main", "old")).toBe(0.5);
  for (let game = 0; game < 3; game++) payoff.add("main", "old", "draws");
  const { wins, draws, games } = payoff.record("main", "old");
  expect(payoff.winRate("main", "old")).toBeCloseTo((wins + draws / 2) / games, 12);
  expect(payoff.winRate("old", "main")).toBeCloseTo(1 - payoff.winRate("main", "old"), 12);
  const again = new Payoff({ decay: 0.99, minGames: 8 });
  again.loadStateDict(structuredClone(payoff.stateDict()));
  expect(again.stateDict()).toEqual(payoff.stateDict());
});

test("rated() raises the winner, lowers the loser, makes both surer, and is even for an even draw", () => {
  const [winner, loser] = rated(FIRST_RATING, FIRST_RATING, 1);
  expect(winner.mu).toBeGreaterThan(1);
  expect(loser.mu).toBeCloseTo(-winner.mu, 9);
  expect(winner.sigma).toBeLessThan(FIRST_RATING.sigma);
  const [one, two] = rated(FIRST_RATING, FIRST_RATING, 0.5);
  expect(one.mu).toBeCloseTo(0, 9);
  expect(two.mu).toBeCloseTo(0, 9);
  expect(rated(FIRST_RATING, FIRST_RATING, 0)[1].mu).toBeCloseTo(winner.mu, 9);
  const [strong] = rated({ mu: 20, sigma: 1 }, { mu: -20, sigma: 1 }, 1);
  expect(strong.mu).toBeCloseTo(20, 3);
});

test("learned() keeps the first weights, then after a phase in which all are beaten, or after two", () => {
  const one = league();
  expect(one.learned(0)).toBeUndefined();
  expect(one.learned(1)).toMatchObject({ playerId: "snapshot_0", fromVersion: 1 });
  expect(one.learned(50)).toBeUndefined();
  expect(one.learned(101)).toBeUndefined();
  for (let game = 0; game < 20; game++) one.played("snapshot_0", { wins: 1, draws: 0, losses: 0 });
  expect(one.learned(102)).toMatchObject({ playerId: "snapshot_1", fromVersion: 102 });
  expect(one.learned(250)).toBeUndefined();
  expect(one.learned(302)).toMatchObject({ playerId: "snapshot_2" });
  expect(one.takeCopies()).toEqual([
    { policyId: "policy_a", version: 1, toPolicyId: "policy_a_snapshot_0" },
    { policyId: "policy_a", version: 102, toPolicyId: "policy_a_snapshot_1" },
    { policyId: "policy_a", version: 302, toPolicyId: "policy_a_snapshot_2" },
  ]);
  expect(one.takeCopies()).toEqual([]);
});

test("match() plays itself as often as pfsp says, and past players by how hard they are", () => {
  const one = league({ pfsp: 0.5 });
  one.learned(1);
  one.learned(201);
  for (let game = 0; game < 50; game++) {
    one.played("snapshot_0", { wins: 1, draws: 0, losses: 0 });
    one.played("snapshot_1", { wins: 0, draws: 0, losses: 1 });
  }
  const counts: Record<string, number> = {};
  for (let game = 0; game < 10_000; game++) {
    const [main, away] = one.match();
    expect(main.playerId).toBe("main");
    counts[away.playerId] = (counts[away.playerId] ?? 0) + 1;
  }
  expect(Math.abs((counts["main"] ?? 0) - 5_000)).toBeLessThan(250);
  // Its win rate is 1: it teaches nothing any more.
  expect(counts["snapshot_0"]).toBeUndefined();
  expect(Math.abs((counts["snapshot_1"] ?? 0) - 5_000)).toBeLessThan(250);
});

test("a league that forgets players keeps the first, the measure of all", () => {
  const one = league({ maxPlayers: 2, onePhaseStep: 1 });
  for (const version of [1, 3, 5, 7]) one.learned(version);
  expect(one.players.map(({ playerId }) => playerId)).toEqual(["main", "snapshot_0", "snapshot_3"]);
});

test("ratings rise with wins, and a snapshot keeps the one it was made with; a restart changes nothing", () => {
  const one = league();
  one.learned(1);
  for (let game = 0; game < 30; game++) one.played("snapshot_0", { wins: 3, draws: 0, losses: 1 });
  one.learned(201);
  const [main, first, second] = one.players;
  expect(main?.rating.mu ?? 0).toBeGreaterThan(first?.rating.mu ?? 0);
  expect(second?.rating).toEqual(main?.rating ?? FIRST_RATING);
  const again = league();
  again.loadStateDict(structuredClone(one.stateDict()));
  expect(again.stateDict()).toEqual(one.stateDict());
  expect([again.match(), again.match()]).toEqual([one.match(), one.match()]);
});
