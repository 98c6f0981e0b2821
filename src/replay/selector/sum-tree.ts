/** Weights that lie so far apart on average have little above them in common. */
const SPREAD = 4;

/**
 * Weights of 0 or more, and the sum of each range of them. A node is always made anew from its two children, so that
 * sums depend on the weights alone: nothing drifts, and a tree that is loaded is the tree that was saved.
 */
export class SumTree {
  readonly capacity: number;
  readonly #leaves: number;
  readonly #nodes: Float64Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, capacity)));
    this.#nodes = new Float64Array(2 * this.#leaves);
  }

  get total(): number {
    return this.#nodes[1] as number;
  }

  get(index: number): number {
    return this.#nodes[this.#leaves + index] as number;
  }

  /** Sets one weight, in O(log n). */
  set(index: number, weight: number): void {
    this.#nodes[this.#leaves + index] = weight;
    this.#sumAbove(this.#leaves + index);
  }

  /** Sets many weights. Of neighbours, what lies above them is summed once. */
  setAll(indices: Int32Array, weights: Float64Array): void {
    const nodes = this.#nodes;
    const leaves = this.#leaves;
    let first = Infinity;
    let last = -1;
    for (let at = 0; at < indices.length; at++) {
      const index = indices[at] as number;
      nodes[leaves + index] = weights[at] as number;
      if (index < first) first = index;
      if (index > last) last = index;
    }
    if (last - first >= SPREAD * indices.length) {
      for (let at = 0; at < indices.length; at++) this.#sumAbove(leaves + (indices[at] as number));
      return;
    }
    let from = (leaves + first) >> 1;
    let to = (leaves + last) >> 1;
    for (; from > 0; from >>= 1, to >>= 1) {
      for (let node = from; node <= to; node++) {
        nodes[node] = (nodes[2 * node] as number) + (nodes[2 * node + 1] as number);
      }
    }
  }

  /** The sum of the weights from `from` up to but without `to`, in O(log n). */
  sum(from: number, to: number): number {
    const nodes = this.#nodes;
    let left = this.#leaves + from;
    let right = this.#leaves + to;
    let sum = 0;
    while (left < right) {
      if (left & 1) sum += nodes[left++] as number;
      if (right & 1) sum += nodes[--right] as number;
      left >>= 1;
      right >>= 1;
    }
    return sum;
  }

  /** The index whose weight holds the point `mass` (0 up to `total`) of all weights laid end to end; never one of weight 0, unless all are. */
  find(mass: number): number {
    const nodes = this.#nodes;
    let node = 1;
    while (node < this.#leaves) {
      const left = nodes[2 * node] as number;
      // Rounding may lead past the last weight: where nothing lies to the right, go left.
      const goesLeft = mass < left || nodes[2 * node + 1] === 0;
      node = goesLeft ? 2 * node : 2 * node + 1;
      if (!goesLeft) mass -= left;
    }
    return node - this.#leaves;
  }

  /**
   * As `find()` of each mass, level by level: the memory is asked for many nodes at once, not for one after the other,
   * and no step depends on a guess of the processor.
   */
  findAll(masses: Float64Array, indices: Int32Array): void {
    const nodes = this.#nodes;
    const leaves = this.#leaves;
    const count = indices.length;
    const rest = masses.slice();
    indices.fill(1);
    for (let level = 1; level < leaves; level *= 2) {
      for (let at = 0; at < count; at++) {
        const node = 2 * (indices[at] as number);
        const left = nodes[node] as number;
        const mass = rest[at] as number;
        const goesRight = +(mass >= left);
        indices[at] = node + goesRight;
        rest[at] = mass - goesRight * left;
      }
    }
    for (let at = 0; at < count; at++) {
      const node = indices[at] as number;
      // Rounding has led past the last weight.
      indices[at] = nodes[node] === 0 ? this.find(masses[at] as number) : node - leaves;
    }
  }

  /** Sets all weights, those not named to 0, in O(n). */
  load(indices: ArrayLike<number>, weights: ArrayLike<number>): void {
    const nodes = this.#nodes.fill(0);
    for (let at = 0; at < indices.length; at++) {
      nodes[this.#leaves + (indices[at] as number)] = weights[at] as number;
    }
    for (let node = this.#leaves - 1; node > 0; node--) {
      nodes[node] = (nodes[2 * node] as number) + (nodes[2 * node + 1] as number);
    }
  }

  #sumAbove(leaf: number): void {
    const nodes = this.#nodes;
    for (let node = leaf >> 1; node > 0; node >>= 1) {
      nodes[node] = (nodes[2 * node] as number) + (nodes[2 * node + 1] as number);
    }
  }
}
