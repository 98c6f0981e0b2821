import type { Chance } from "./cart-pole.ts";

/** One dense layer of a network: where its numbers lie in all of them. */
export interface Layer {
  inputs: number;
  outputs: number;
  /** Of the weights, `inputs` rows of `outputs`. */
  weights: number;
  biases: number;
}

const OBS = 4;
const HIDDEN = 32;
export const ACTIONS = 2;

/** Two networks of the same form: which push to take, and how much is still to come. */
export const ACTOR: readonly Layer[] = layersFrom(0, [OBS, HIDDEN, HIDDEN, ACTIONS]);
export const CRITIC: readonly Layer[] = layersFrom(sizeOf(ACTOR), [OBS, HIDDEN, HIDDEN, 1]);

/** Numbers of both networks together. */
export const PARAMETERS = sizeOf(CRITIC);

/** What the networks say of one observation. */
export interface Opinion {
  /** The chance of a push to the right. */
  right: number;
  value: number;
}

/** The networks as plain loops over one list of numbers: for so little, a tensor library's calls take longer than its sums. */
export class ActorCritic {
  readonly parameters: Float32Array;
  readonly #spaces = [new Float32Array(HIDDEN), new Float32Array(HIDDEN)];

  constructor(parameters: Float32Array) {
    if (parameters.length !== PARAMETERS) {
      throw new Error(`Cannot use ${parameters.length} numbers as a network of ${PARAMETERS}`);
    }
    this.parameters = parameters;
  }

  opinionOf(obs: Float32Array): Opinion {
    return { right: this.chanceOfRight(obs), value: this.#run(CRITIC, obs)[0] ?? 0 };
  }

  chanceOfRight(obs: Float32Array): number {
    const [left = 0, right = 0] = this.#run(ACTOR, obs);
    return 1 / (1 + Math.exp(left - right));
  }

  #run(layers: readonly Layer[], obs: Float32Array): Float32Array {
    const numbers = this.parameters;
    let from = obs;
    for (const [depth, { inputs, outputs, weights, biases }] of layers.entries()) {
      const isLast = depth === layers.length - 1;
      const to = this.#spaces[depth % 2] as Float32Array;
      for (let output = 0; output < outputs; output++) {
        let sum = numbers[biases + output] as number;
        for (let input = 0; input < inputs; input++) {
          sum += (from[input] as number) * (numbers[weights + input * outputs + output] as number);
        }
        to[output] = isLast ? sum : Math.tanh(sum);
      }
      from = to;
    }
    return from;
  }
}

/** Fresh numbers: each layer as wide as keeps signals alike, the last of the actor near 0, so that it tries both pushes. */
export function freshParameters(chance: Chance): Float32Array {
  const numbers = new Float32Array(PARAMETERS);
  for (const layers of [ACTOR, CRITIC]) {
    for (const [depth, { inputs, outputs, weights }] of layers.entries()) {
      const isLast = depth === layers.length - 1;
      const spread = isLast && layers === ACTOR ? 0.01 : Math.sqrt(3 / inputs);
      for (let at = 0; at < inputs * outputs; at++) {
        numbers[weights + at] = (2 * chance.next() - 1) * spread;
      }
    }
  }
  return numbers;
}

function layersFrom(start: number, widths: readonly number[]): Layer[] {
  const layers: Layer[] = [];
  let at = start;
  for (const [depth, outputs] of widths.slice(1).entries()) {
    const inputs = widths[depth] as number;
    const biases = at + inputs * outputs;
    layers.push({ inputs, outputs, weights: at, biases });
    at = biases + outputs;
  }
  return layers;
}

function sizeOf(layers: readonly Layer[]): number {
  const last = layers.at(-1);
  return last ? last.biases + last.outputs : 0;
}
