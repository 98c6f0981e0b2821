import { expect, test } from "bun:test";
import {
  ActorCritic,
  CRITIC,
  freshParameters,
  PARAMETERS,
} from "../../../examples/cartpole/actor-critic.ts";
import { evaluate, Rollout } from "../../../examples/cartpole/rollout.ts";
import { Random } from "../../../src/replay/random.ts";

test("collect() gives columns of the same length, and chances of what was done", () => {
  const chance = new Random(3);
  const rollout = new Rollout(4, chance);
  const seen = rollout.collect(new ActorCritic(freshParameters(chance)), 50);
  expect([seen.obs.length, seen.action.length, seen.advantage.length]).toEqual([800, 200, 200]);
  expect(seen.chance.every((number) => number < 0 && number > -2)).toBe(true);
  const returns = rollout.takeReturns();
  expect(returns.length).toBeGreaterThan(0);
  expect(rollout.takeReturns()).toEqual([]);
});

test("collect() expects what is still to come: the discounted rest of an episode that falls", () => {
  const parameters = new Float32Array(PARAMETERS); // a critic that says 0, an actor that tosses a coin
  const rollout = new Rollout(1, new Random(5));
  const { outcome, advantage } = rollout.collect(new ActorCritic(parameters), 400);
  const [length = 0] = rollout.takeReturns();
  // Of the last step before the fall there is 1 to come, and of each before a bit more.
  expect(outcome[length - 1]).toBe(1);
  expect(outcome[length - 2]).toBeCloseTo(1 + 0.99 * 0.95, 5);
  expect(advantage).toEqual(outcome);
});

test("collect() counts on what the critic says where an episode goes on", () => {
  const parameters = new Float32Array(PARAMETERS);
  const last = CRITIC.at(-1);
  parameters[last?.biases ?? 0] = 10; // a critic that says 10
  const { outcome } = new Rollout(1, new Random(5)).collect(new ActorCritic(parameters), 1);
  expect(outcome[0]).toBeCloseTo(1 + 0.99 * 10, 5);
});

test("evaluate() plays whole episodes", () => {
  const parameters = freshParameters(new Random(1));
  const returns = evaluate(new ActorCritic(parameters), 5, new Random(2));
  expect(returns).toHaveLength(5);
  expect(returns.every((total) => total >= 8 && total <= 500)).toBe(true);
});
