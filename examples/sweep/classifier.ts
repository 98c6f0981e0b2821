import { Dense, type Step } from "./dense.ts";
import { CLASSES, PIXELS, type Samples } from "./digits.ts";
import type { Random } from "./random.ts";

/** How well a classifier does on samples it was not trained on. */
export interface Score {
  readonly accuracy: number;
  readonly loss: number;
}

/** Softmax regression when `hidden` is 0, else one hidden layer of that many ReLU units. */
export class Classifier {
  readonly #hidden: Dense | undefined;
  readonly #output: Dense;
  readonly #active: Float32Array;
  readonly #activeError: Float32Array;
  readonly #chances = new Float32Array(CLASSES);

  constructor(hidden: number, random: Random) {
    this.#hidden = hidden > 0 ? new Dense(PIXELS, hidden, random) : undefined;
    this.#output = new Dense(hidden > 0 ? hidden : PIXELS, CLASSES, random);
    this.#active = new Float32Array(hidden);
    this.#activeError = new Float32Array(hidden);
  }

  /** One pass over the samples in the given order, in mini-batches; gives the mean training loss. */
  trainEpoch(
    samples: Samples,
    order: readonly number[],
    batch: { size: number; step: Step },
  ): number {
    let loss = 0;
    for (let start = 0; start < order.length; start += batch.size) {
      const end = Math.min(start + batch.size, order.length);
      for (let at = start; at < end; at++) {
        const index = order[at]!;
        loss += this.#learn(samples.pixels[index]!, samples.labels[index]!);
      }
      this.#hidden?.update(end - start, batch.step);
      this.#output.update(end - start, batch.step);
    }
    return loss / order.length;
  }

  /** Judges samples without learning from them. */
  evaluate(samples: Samples): Score {
    let right = 0;
    let loss = 0;
    samples.pixels.forEach((pixels, index) => {
      const label = samples.labels[index]!;
      this.#forward(pixels);
      loss -= logarithm(this.#chances[label]!);
      if (largest(this.#chances) === label) right++;
    });
    return { accuracy: right / samples.pixels.length, loss: loss / samples.pixels.length };
  }

  #forward(pixels: Float32Array): void {
    if (this.#hidden) {
      this.#hidden.forward(pixels, this.#active);
      rectify(this.#active);
    }
    this.#output.forward(this.#hidden ? this.#active : pixels, this.#chances);
    softmax(this.#chances);
  }

  #learn(pixels: Float32Array, label: number): number {
    this.#forward(pixels);
    const loss = -logarithm(this.#chances[label]!);
    const error = this.#chances;
    error[label]! -= 1; // the derivative of cross-entropy through softmax
    if (this.#hidden) {
      this.#output.backward(this.#active, error, this.#activeError);
      this.#output.accumulate(this.#active, error);
      this.#hidden.accumulate(pixels, this.#activeError);
    } else {
      this.#output.accumulate(pixels, error);
    }
    return loss;
  }
}

function rectify(values: Float32Array): void {
  for (let index = 0; index < values.length; index++) if (values[index]! < 0) values[index] = 0;
}

function softmax(values: Float32Array): void {
  let top = -Infinity;
  for (let index = 0; index < values.length; index++) top = Math.max(top, values[index]!);
  let sum = 0;
  for (let index = 0; index < values.length; index++)
    sum += values[index] = Math.exp(values[index]! - top);
  for (let index = 0; index < values.length; index++) values[index]! /= sum;
}

function largest(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++)
    if (values[index]! > values[best]!) best = index;
  return best;
}

// A chance rounded to zero would make the loss infinite, which JSON cannot carry.
function logarithm(chance: number): number {
  return Math.log(Math.max(chance, 1e-12));
}
