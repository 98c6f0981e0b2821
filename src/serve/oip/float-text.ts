const { fround } = Math;

/**
 * A number with as few digits as still give this FP32 when they are read: 0.1 for what a double would write as
 * 0.10000000149011612. The answers of a model are half as long by it, and as quick to write.
 */
export function shortFloat(value: number): number {
  const size = value < 0 ? -value : value;
  // Below 2^31 with all its digits before the point, so that `| 0` can cut it.
  if (!(size >= 1e-3 && size < 1e6)) return value;
  const half = value < 0 ? -0.5 : 0.5;
  const seven = scaleOf(size);
  const short = ((value * seven + half) | 0) / seven;
  if (fround(short) === value) return short;
  const nine = seven * 100;
  const long = ((value * nine + half) | 0) / nine;
  return fround(long) === value ? long : value;
}

/** What leaves seven digits before the point. */
function scaleOf(size: number): number {
  if (size < 1) return size >= 0.1 ? 1e7 : size >= 0.01 ? 1e8 : 1e9;
  if (size < 100) return size < 10 ? 1e6 : 1e5;
  return size < 1e3 ? 1e4 : size < 1e4 ? 1e3 : size < 1e5 ? 1e2 : 1e1;
}
