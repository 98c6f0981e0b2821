/** A number's place on a line, and the numbers that are written beside it. */
export interface Axis {
  /** 0 at the beginning, 1 at the end. */
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

const WANTED_TICKS = 6;

/** From 0 to a round number that is not below the greatest value. */
export function linearAxis(values: readonly number[]): Axis {
  const greatest = Math.max(...values, 0);
  if (greatest === 0) return { place: () => 0, ticks: [0] };
  const rough = greatest / WANTED_TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil(greatest / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
  return { place: (value) => value / (count * step), ticks };
}

/** From a power of ten to another, with 2 and 5 between where there is room; values above 0 only. */
export function logAxis(values: readonly number[]): Axis {
  const known = values.filter((value) => value > 0);
  const lowest = Math.floor(Math.log10(Math.min(...known, Infinity)));
  if (known.length === 0) return { place: () => 0, ticks: [] };
  const highest = Math.max(Math.ceil(Math.log10(Math.max(...known))), lowest + 1);
  const factors = highest - lowest <= 3 ? [1, 2, 5] : [1];
  const powers = Array.from({ length: highest - lowest + 1 }, (_, at) => lowest + at);
  const ticks = powers
    .flatMap((power) => factors.map((factor) => Number((factor * 10 ** power).toPrecision(12))))
    .filter((tick) => tick <= 10 ** highest);
  const place = (value: number): number => (Math.log10(value) - lowest) / (highest - lowest);
  return { place: (value) => Math.min(1, Math.max(0, place(value))), ticks };
}
