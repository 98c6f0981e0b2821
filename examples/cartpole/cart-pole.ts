/** What one step of the environment gives. */
export interface StepResult {
  obs: Float32Array;
  reward: number;
  /** The pole has fallen or the cart has left the track. */
  terminated: boolean;
  /** 500 steps are over; the pole still stands. */
  truncated: boolean;
}

/** Of numbers by chance, from 0 up to but without 1. */
export interface Chance {
  next: () => number;
}

/** Steps of an episode, at most. */
export const MAX_STEPS = 500;

const GRAVITY = 9.8;
const CART_MASS = 1;
const POLE_MASS = 0.1;
const TOTAL_MASS = CART_MASS + POLE_MASS;
/** Half of the pole. */
const LENGTH = 0.5;
const POLE_MASS_LENGTH = POLE_MASS * LENGTH;
const FORCE = 10;
const STEP_SECONDS = 0.02;
const MOST_ANGLE = (12 * 2 * Math.PI) / 360;
const MOST_POSITION = 2.4;
/** A fresh episode begins with four numbers from −0.05 to 0.05. */
const FIRST_SPREAD = 0.05;

/** A pole on a cart that is pushed to the left (0) or to the right (1): CartPole-v1, 1 for each step that it stands. */
export class CartPole {
  readonly #chance: Chance;
  /** Position and speed of the cart, angle and speed of the pole. */
  #state: [number, number, number, number] = [0, 0, 0, 0];
  #steps = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** Begins an episode, somewhere near the middle or at `state`; gives what is seen. */
  reset(state?: readonly [number, number, number, number]): Float32Array {
    const first = (): number => (2 * this.#chance.next() - 1) * FIRST_SPREAD;
    this.#state = state ? [...state] : [first(), first(), first(), first()];
    this.#steps = 0;
    return Float32Array.from(this.#state);
  }

  /** Pushes once. Call `reset()` after an episode has ended. */
  step(action: number): StepResult {
    const [position, speed, angle, turning] = this.#state;
    const force = action === 1 ? FORCE : -FORCE;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    const pushed = (force + POLE_MASS_LENGTH * turning ** 2 * sin) / TOTAL_MASS;
    const turningMore =
      (GRAVITY * sin - cos * pushed) / (LENGTH * (4 / 3 - (POLE_MASS * cos ** 2) / TOTAL_MASS));
    const speedMore = pushed - (POLE_MASS_LENGTH * turningMore * cos) / TOTAL_MASS;
    this.#state = [
      position + STEP_SECONDS * speed,
      speed + STEP_SECONDS * speedMore,
      angle + STEP_SECONDS * turning,
      turning + STEP_SECONDS * turningMore,
    ];
    this.#steps++;
    const isOut = Math.abs(this.#state[0]) > MOST_POSITION;
    const terminated = isOut || Math.abs(this.#state[2]) > MOST_ANGLE;
    const truncated = !terminated && this.#steps >= MAX_STEPS;
    return { obs: Float32Array.from(this.#state), reward: 1, terminated, truncated };
  }
}
