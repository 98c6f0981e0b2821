/** The bare prototype of a replay: a circle of typed arrays; transitions of two observations are set one by one. */
export class BareReplay {
  readonly #capacity: number;
  readonly #width: number;
  readonly #obs: Float32Array;
  readonly #next: Float32Array;
  #at = 0;

  constructor(capacity: number, width: number) {
    this.#capacity = capacity;
    this.#width = width;
    this.#obs = new Float32Array(capacity * width);
    this.#next = new Float32Array(capacity * width);
  }

  push(obs: Float32Array, next: Float32Array): void {
    this.#obs.set(obs, this.#at * this.#width);
    this.#next.set(next, this.#at * this.#width);
    this.#at = this.#at + 1 === this.#capacity ? 0 : this.#at + 1;
  }

  /** As many as there is room for, each by chance. */
  sample(obs: Float32Array, next: Float32Array): void {
    const width = this.#width;
    for (let to = 0; to < obs.length; to += width) {
      const from = Math.floor(Math.random() * this.#capacity) * width;
      for (let i = 0; i < width; i++) {
        obs[to + i] = this.#obs[from + i]!;
        next[to + i] = this.#next[from + i]!;
      }
    }
  }
}
