import { expect, test } from "bun:test";
import { CartPole, MAX_STEPS } from "../../../examples/cartpole/cart-pole.ts";
import { Random } from "../../../src/replay/random.ts";

/** As Gymnasium's documentation shows them for CartPole-v1: where it stood, the push, where it stood then. */
const PUBLISHED = [
  [
    [0.0273956, -0.00611216, 0.03585979, 0.0197368],
    1,
    [0.02727336, 0.18847767, 0.03625453, -0.26141977],
  ],
  [
    [0.01522993, -0.04562247, -0.04799704, 0.03392126],
    0,
    [0.01431748, -0.24002443, -0.04731862, 0.3110827],
  ],
  [
    [-0.03774345, -0.02418869, -0.00942293, 0.0469184],
    1,
    [-0.03822722, 0.1710671, -0.00848456, -0.2487226],
  ],
] as const;

test.each(PUBLISHED)("step() from %p with push %p gives what is published", (from, action, to) => {
  const env = new CartPole(new Random(1));
  env.reset(from);
  const { obs, reward, terminated, truncated } = env.step(action);
  // What is printed has eight decimals at most.
  for (const [at, number] of to.entries()) expect(obs[at]).toBeCloseTo(number, 6);
  expect({ reward, terminated, truncated }).toEqual({
    reward: 1,
    terminated: false,
    truncated: false,
  });
});

test("step() ends an episode where the pole is beyond 12 degrees or the cart beyond 2.4", () => {
  const env = new CartPole(new Random(1));
  env.reset([0, 0, 0.2095, 0]);
  expect(env.step(0).terminated).toBe(true);
  env.reset([0, 0, 0.209, 0]);
  expect(env.step(1).terminated).toBe(false);
  env.reset([2.39, 1, 0, 0]);
  expect(env.step(1).terminated).toBe(true);
});

test("step() cuts an episode after 500 steps", () => {
  const env = new CartPole(new Random(1));
  let obs = env.reset([0, 0, 0, 0]);
  for (let at = 1; at < MAX_STEPS; at++) {
    // Pushes to where the pole falls: that keeps it up.
    const step = env.step(
      (obs[2] ?? 0) + 0.4 * (obs[3] ?? 0) + 0.02 * (obs[0] ?? 0) + 0.05 * (obs[1] ?? 0) > 0 ? 1 : 0,
    );
    obs = step.obs;
    expect([at, step.terminated, step.truncated]).toEqual([at, false, false]);
  }
  expect(env.step((obs[2] ?? 0) > 0 ? 1 : 0)).toMatchObject({ terminated: false, truncated: true });
});

test("reset() begins near the middle, another place each time", () => {
  const env = new CartPole(new Random(1));
  const first = env.reset();
  expect(first.every((number) => Math.abs(number) <= 0.05)).toBe(true);
  expect(env.reset()).not.toEqual(first);
});
