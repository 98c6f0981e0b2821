/** Items that a table has drawn, each array one entry an item. */
export class Draw {
  /** Where they lie in the table: its own affair. */
  readonly slots: Int32Array;
  /** The rows at which they begin. */
  readonly heads: Int32Array;
  /** Steps that each item has. */
  readonly lengths: Int32Array;
  /** Of the longest item. */
  unroll = 1;
  /** Names of the items, for `updatePriorities()` and `delete()`. */
  readonly keys: Float64Array;
  readonly priorities: Float64Array;
  /** The chance with which each was drawn. */
  readonly probabilities: Float64Array;
  /** Importance weights: (N · probability)^-beta over the largest of the batch; 1 unless the sampler is prioritized. */
  readonly weights: Float32Array;
  /** How often each was sampled, with this time. */
  readonly uses: Int32Array;
  /** The version of the policy that made each. */
  readonly policyVersions: Float64Array;

  constructor(size: number) {
    this.slots = new Int32Array(size);
    this.heads = new Int32Array(size);
    this.lengths = new Int32Array(size);
    this.keys = new Float64Array(size);
    this.priorities = new Float64Array(size);
    this.probabilities = new Float64Array(size);
    this.weights = new Float32Array(size);
    this.uses = new Int32Array(size);
    this.policyVersions = new Float64Array(size);
  }
}

/** Fills in the weights of a draw: of those over the largest, N cancels out, and only how chances compare is left. */
export function weigh({ probabilities, weights }: Draw, beta: number): void {
  let least = Infinity;
  for (let at = 0; at < weights.length; at++) {
    if ((probabilities[at] as number) < least) least = probabilities[at] as number;
  }
  for (let at = 0; at < weights.length; at++) {
    weights[at] = ((probabilities[at] as number) / least) ** -beta;
  }
}
