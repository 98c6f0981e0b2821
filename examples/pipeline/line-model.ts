/** A point of the line that is to be learned. */
export interface Point {
  x: number;
  y: number;
}

/** A line with two weights, learned by steps down the slope of the squared error. */
export class LineModel {
  readonly #weights = new Float64Array(2);

  at(x: number): number {
    const [slope = 0, offset = 0] = this.#weights;
    return slope * x + offset;
  }

  /** Gives the mean squared error before the step. */
  train(points: readonly Point[], rate = 0.1): number {
    let [bySlope, byOffset, error] = [0, 0, 0];
    for (const { x, y } of points) {
      const miss = this.at(x) - y;
      bySlope += (2 * miss * x) / points.length;
      byOffset += (2 * miss) / points.length;
      error += miss ** 2 / points.length;
    }
    const [slope = 0, offset = 0] = this.#weights;
    this.#weights.set([slope - rate * bySlope, offset - rate * byOffset]);
    return error;
  }

  stateDict(): Float64Array {
    return this.#weights.slice();
  }

  loadStateDict(state: unknown): void {
    this.#weights.set(state as Float64Array);
  }

  get text(): string {
    const [slope = 0, offset = 0] = this.#weights;
    const sign = offset < 0 ? "-" : "+";
    return `y = ${slope.toFixed(2)}x ${sign} ${Math.abs(offset).toFixed(2)}`;
  }
}
