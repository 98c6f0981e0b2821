import type { Random } from "./random.ts";

/** How one optimiser step moves the weights. */
export interface Step {
  readonly learningRate: number;
  readonly momentum: number;
  readonly l2: number;
}

/**
 * One fully connected layer. Weights lie input by input, so that an input of zero (most pixels of a digit, about half
 * of the hidden units) skips a whole row.
 */
export class Dense {
  readonly inputs: number;
  readonly outputs: number;
  readonly #weights: Float32Array;
  readonly #bias: Float32Array;
  readonly #weightGradient: Float32Array;
  readonly #biasGradient: Float32Array;
  readonly #weightVelocity: Float32Array;
  readonly #biasVelocity: Float32Array;

  constructor(inputs: number, outputs: number, random: Random) {
    this.inputs = inputs;
    this.outputs = outputs;
    const size = inputs * outputs;
    const bound = Math.sqrt(6 / inputs); // He: keeps the variance through ReLU
    this.#weights = Float32Array.from({ length: size }, () => (random() * 2 - 1) * bound);
    this.#bias = new Float32Array(outputs);
    this.#weightGradient = new Float32Array(size);
    this.#biasGradient = new Float32Array(outputs);
    this.#weightVelocity = new Float32Array(size);
    this.#biasVelocity = new Float32Array(outputs);
  }

  /** Writes `input · weights + bias` into `output`. */
  forward(input: Float32Array, output: Float32Array): void {
    const { inputs, outputs } = this;
    const weights = this.#weights;
    output.set(this.#bias);
    for (let from = 0; from < inputs; from++) {
      const value = input[from]!;
      if (value === 0) continue;
      const row = from * outputs;
      for (let to = 0; to < outputs; to++) output[to]! += value * weights[row + to]!;
    }
  }

  /** Adds the gradient of one sample to the batch. */
  accumulate(input: Float32Array, outputError: Float32Array): void {
    const { inputs, outputs } = this;
    const gradient = this.#weightGradient;
    const biasGradient = this.#biasGradient;
    for (let to = 0; to < outputs; to++) biasGradient[to]! += outputError[to]!;
    for (let from = 0; from < inputs; from++) {
      const value = input[from]!;
      if (value === 0) continue;
      const row = from * outputs;
      for (let to = 0; to < outputs; to++) gradient[row + to]! += value * outputError[to]!;
    }
  }

  /** Writes the error of this layer's input, where that input came out of a ReLU: no error passes a unit that was off. */
  backward(input: Float32Array, outputError: Float32Array, inputError: Float32Array): void {
    const { inputs, outputs } = this;
    const weights = this.#weights;
    for (let from = 0; from < inputs; from++) {
      let sum = 0;
      if (input[from]! > 0) {
        const row = from * outputs;
        for (let to = 0; to < outputs; to++) sum += weights[row + to]! * outputError[to]!;
      }
      inputError[from] = sum;
    }
  }

  /** Moves the weights along the mean gradient of the batch, with momentum and weight decay, and forgets the batch. */
  update(batchSize: number, step: Step): void {
    const { learningRate, momentum, l2 } = step;
    const scale = 1 / batchSize;
    descend(this.#weights, this.#weightGradient, this.#weightVelocity, {
      learningRate,
      momentum,
      l2,
      scale,
    });
    descend(this.#bias, this.#biasGradient, this.#biasVelocity, {
      learningRate,
      momentum,
      l2: 0,
      scale,
    });
  }
}

function descend(
  values: Float32Array,
  gradient: Float32Array,
  velocity: Float32Array,
  { learningRate, momentum, l2, scale }: Step & { scale: number },
): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    const moved =
      momentum * velocity[index]! - learningRate * (gradient[index]! * scale + l2 * value);
    velocity[index] = moved;
    values[index] = value + moved;
    gradient[index] = 0;
  }
}
