/** An environment that a supervisor's child is made of. */
export class Environment {
  readonly seed: number;
  #steps = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  step(): { pid: number; frame: Uint8Array } {
    this.#steps += 1;
    return { pid: process.pid, frame: new Uint8Array(100_000).fill(this.seed + this.#steps) };
  }
}
