import type { ActorCritic } from "./actor-critic.ts";
import { CartPole, type Chance } from "./cart-pole.ts";

/** Steps of several environments, by column: what the replay stores and the learner learns from. */
export interface Transitions {
  obs: Float32Array;
  action: Int32Array;
  /** The logarithm of the chance with which the action was taken. */
  chance: Float32Array;
  /** How much better than expected it went. */
  advantage: Float32Array;
  /** What was still to come, as far as one could see. */
  outcome: Float32Array;
}

const DISCOUNT = 0.99;
/** How far the advantage looks ahead, between one step (0) and the whole episode (1). */
const LOOK_AHEAD = 0.95;

/** Plays several environments side by side, each a bit further at every call. */
export class Rollout {
  readonly #chance: Chance;
  readonly #environments: { env: CartPole; obs: Float32Array; steps: number }[];
  /** Lengths of the episodes that have ended since they were last taken. */
  #ended: number[] = [];

  constructor(count: number, chance: Chance) {
    this.#chance = chance;
    this.#environments = Array.from({ length: count }, () => {
      const env = new CartPole(chance);
      return { env, obs: env.reset(), steps: 0 };
    });
  }

  /** Returns of the episodes that ended since the last call. */
  takeReturns(): number[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  /** `length` steps of each environment, as this policy acts. */
  collect(policy: ActorCritic, length: number): Transitions {
    const count = this.#environments.length * length;
    const all: Transitions = {
      obs: new Float32Array(4 * count),
      action: new Int32Array(count),
      chance: new Float32Array(count),
      advantage: new Float32Array(count),
      outcome: new Float32Array(count),
    };
    for (let index = 0; index < this.#environments.length; index++) {
      this.#play(policy, { all, index, length });
    }
    return all;
  }

  #play(
    policy: ActorCritic,
    { all, index, length }: { all: Transitions; index: number; length: number },
  ): void {
    const seat = this.#environments[index];
    if (!seat) return;
    const from = index * length;
    const values = new Float32Array(length);
    /** What comes after each step, without what its own reward: 0 where the pole fell. */
    const nexts = new Float32Array(length);
    const isLast = new Uint8Array(length);
    for (let at = 0; at < length; at++) {
      const { right, value } = policy.opinionOf(seat.obs);
      const action = this.#chance.next() < right ? 1 : 0;
      all.obs.set(seat.obs, 4 * (from + at));
      all.action[from + at] = action;
      all.chance[from + at] = Math.log(action === 1 ? right : 1 - right);
      values[at] = value;
      const { obs, terminated, truncated } = seat.env.step(action);
      seat.obs = obs;
      seat.steps++;
      if (at > 0 && isLast[at - 1] === 0) nexts[at - 1] = value;
      if (truncated || at === length - 1) nexts[at] = policy.opinionOf(obs).value;
      if (!terminated && !truncated) continue;
      if (terminated) nexts[at] = 0;
      isLast[at] = 1;
      this.#ended.push(seat.steps);
      seat.steps = 0;
      seat.obs = seat.env.reset();
    }
    let ahead = 0;
    for (let at = length - 1; at >= 0; at--) {
      const value = values[at] as number;
      const surprise = 1 + DISCOUNT * (nexts[at] as number) - value;
      ahead = surprise + (isLast[at] === 1 ? 0 : DISCOUNT * LOOK_AHEAD * ahead);
      all.advantage[from + at] = ahead;
      all.outcome[from + at] = ahead + value;
    }
  }
}

/** Plays whole episodes, each push the likelier one; gives their returns. */
export function evaluate(policy: ActorCritic, episodes: number, chance: Chance): number[] {
  const env = new CartPole(chance);
  return Array.from({ length: episodes }, () => {
    let obs = env.reset();
    for (let total = 1; ; total++) {
      const step = env.step(policy.chanceOfRight(obs) > 0.5 ? 1 : 0);
      if (step.terminated || step.truncated) return total;
      obs = step.obs;
    }
  });
}
