/** The numbers of bfloat16 bits; exact. */
export function widened(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let index = 0; index < bits.length; index++) words[index] = (bits[index] as number) << 16;
  return new Float32Array(words.buffer);
}

const LOWER_HALF = 0x7fff;
const QUIET_NAN = 0x40;

/** The nearest bfloat16 bits of each number, halves to even; NaN stays NaN. */
export function narrowed(numbers: Float32Array): Uint16Array {
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  const bits = new Uint16Array(numbers.length);
  for (let index = 0; index < bits.length; index++) {
    const word = words[index] as number;
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    const rounded = (word + LOWER_HALF + ((word >>> 16) & 1)) >>> 16;
    bits[index] = isNaN ? (word >>> 16) | QUIET_NAN : rounded;
  }
  return bits;
}
