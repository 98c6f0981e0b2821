/** Values, and the least of them; what is not there counts as Infinity. */
export class MinTree {
  readonly #leaves: number;
  readonly #nodes: Float64Array;

  constructor(capacity: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, capacity)));
    this.#nodes = new Float64Array(2 * this.#leaves).fill(Infinity);
  }

  /** The least value; Infinity without any. */
  get least(): number {
    return this.#nodes[1] as number;
  }

  /** Sets one value, in O(log n); Infinity takes it out. */
  set(index: number, value: number): void {
    const nodes = this.#nodes;
    let node = this.#leaves + index;
    nodes[node] = value;
    for (node >>= 1; node > 0; node >>= 1) {
      nodes[node] = Math.min(nodes[2 * node] as number, nodes[2 * node + 1] as number);
    }
  }

  clear(): void {
    this.#nodes.fill(Infinity);
  }
}
