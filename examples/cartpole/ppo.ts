import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-wasm";
import { ACTIONS, ACTOR, CRITIC, type Layer } from "./actor-critic.ts";
import type { Transitions } from "./rollout.ts";

const LEARNING_RATE = 1e-3;
/** How far the chance of an action may move in one update. */
const CLIP = 0.2;
const VALUE_WEIGHT = 0.5;
const EPOCHS = 10;

/** The learner: proximal policy optimization with TensorFlow.js, on the processor. */
export class Ppo {
  readonly #parameters: Float32Array;
  readonly #actor: tf.Variable[];
  readonly #critic: tf.Variable[];
  readonly #optimizer = tf.train.adam(LEARNING_RATE);
  /** Updates so far. */
  updates = 0;

  private constructor(parameters: Float32Array) {
    this.#parameters = parameters.slice();
    this.#actor = ACTOR.flatMap((layer) => variablesOf(layer, parameters));
    this.#critic = CRITIC.flatMap((layer) => variablesOf(layer, parameters));
  }

  /** Makes the library ready; a learner that goes on from these numbers. */
  static async start(parameters: Float32Array): Promise<Ppo> {
    tf.enableProdMode();
    await tf.setBackend("wasm");
    return new Ppo(parameters);
  }

  /** All numbers of both networks, as they are now. */
  get parameters(): Float32Array {
    const all = this.#parameters;
    for (const [layers, variables] of [
      [ACTOR, this.#actor],
      [CRITIC, this.#critic],
    ] as const) {
      for (const [depth, { weights, biases }] of layers.entries()) {
        all.set(variables[2 * depth]?.dataSync() ?? [], weights);
        all.set(variables[2 * depth + 1]?.dataSync() ?? [], biases);
      }
    }
    return all.slice();
  }

  /** Learns from these steps, several times over; gives the last loss. */
  learn({ obs, action, chance, advantage, outcome }: Transitions): number {
    const loss = tf.tidy(() => {
      const count = action.length;
      const seen = tf.tensor2d(obs, [count, 4]);
      const taken = tf.oneHot(tf.tensor1d(action, "int32"), ACTIONS);
      const before = tf.tensor1d(chance);
      const better = tf.tensor1d(normalized(advantage));
      const goal = tf.tensor2d(outcome, [count, 1]);
      const lossOf = (): tf.Scalar => {
        const logits = forward(this.#actor, seen);
        const after = tf.sum(tf.mul(tf.logSoftmax(logits), taken), 1);
        const ratio = tf.exp(tf.sub(after, before));
        const clipped = tf.clipByValue(ratio, 1 - CLIP, 1 + CLIP);
        const gain = tf.mean(tf.minimum(tf.mul(ratio, better), tf.mul(clipped, better)));
        const off = tf.mean(tf.squaredDifference(forward(this.#critic, seen), goal));
        return tf.sub(tf.mul(off, VALUE_WEIGHT), gain);
      };
      const variables = [...this.#actor, ...this.#critic];
      let last = 0;
      for (let epoch = 0; epoch < EPOCHS; epoch++) {
        const cost = this.#optimizer.minimize(lossOf, epoch === EPOCHS - 1, variables);
        last = cost?.dataSync()[0] ?? 0;
      }
      return last;
    });
    this.updates++;
    return loss;
  }
}

function variablesOf(layer: Layer, numbers: Float32Array): tf.Variable[] {
  const { inputs, outputs, weights, biases } = layer;
  return [
    tf.variable(tf.tensor2d(numbers.slice(weights, biases), [inputs, outputs])),
    tf.variable(tf.tensor1d(numbers.slice(biases, biases + outputs))),
  ];
}

function forward(variables: readonly tf.Variable[], from: tf.Tensor2D): tf.Tensor2D {
  let at: tf.Tensor2D = from;
  for (let depth = 0; depth < variables.length; depth += 2) {
    const weights = variables[depth] as tf.Tensor2D | undefined;
    const biases = variables[depth + 1];
    if (!weights || !biases) break;
    const sum = tf.add(tf.matMul(at, weights), biases);
    at = (depth + 2 < variables.length ? tf.tanh(sum) : sum) as tf.Tensor2D;
  }
  return at;
}

/** Around 0, of size 1. */
function normalized(numbers: Float32Array): Float32Array {
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  const variance = numbers.reduce((sum, number) => sum + (number - mean) ** 2, 0) / numbers.length;
  return numbers.map((number) => (number - mean) / (Math.sqrt(variance) + 1e-8));
}
