/** Where a generator stands: four whole numbers of 32 bits. */
export type RandomState = [number, number, number, number];

const WARM_UP = 12;
const TWO_POW_32 = 4_294_967_296;
const TWO_POW_53 = 9_007_199_254_740_992;

/** Numbers by chance (sfc32): the same for the same seed, on every machine; its state can be saved and set again. */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #count = 1;

  /** `seed` is any whole number; its lower 53 bits count. */
  constructor(seed = 0) {
    this.#b = seed | 0;
    this.#c = Math.floor(seed / TWO_POW_32) | 0;
    for (let i = 0; i < WARM_UP; i++) this.int32();
  }

  /** 32 bits, as a signed number. */
  int32(): number {
    const mixed = (((this.#a + this.#b) | 0) + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + mixed) | 0;
    return mixed;
  }

  /** From 0 up to but without 1, in steps of 2⁻⁵³. */
  next(): number {
    const high = this.int32() >>> 5;
    return (high * 67_108_864 + (this.int32() >>> 6)) / TWO_POW_53;
  }

  /** A whole number from 0 to `limit - 1`; evenly, up to `limit / 2³²`. */
  below(limit: number): number {
    return Math.floor(((this.int32() >>> 0) * limit) / TWO_POW_32);
  }

  /** As `below()`, as many as there is room for: with its state at hand it takes a third less. */
  belowAll(limit: number, out: Int32Array): void {
    let [a, b, c, count] = [this.#a, this.#b, this.#c, this.#count];
    for (let at = 0; at < out.length; at++) {
      const mixed = (((a + b) | 0) + count) | 0;
      count = (count + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + mixed) | 0;
      out[at] = ((mixed >>> 0) * limit) / TWO_POW_32; // what is behind the point falls off
    }
    this.loadStateDict([a, b, c, count]);
  }

  stateDict(): RandomState {
    return [this.#a, this.#b, this.#c, this.#count];
  }

  loadStateDict([a, b, c, count]: RandomState): void {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    this.#count = count | 0;
  }
}
