/** One figure of a bench, as it stands in the table and in `bench/results/NAME.json`. */
export interface Row {
  /** What was measured. */
  id: string;
  /** What the product got: the median of all rounds. */
  value: number;
  unit: Unit;
  /** What the bare prototype got in the same rounds. */
  limit: number | null;
  /** What the ancestor or another product got, elsewhere and earlier. */
  peer: number | null;
  /** value / limit: the median of the rounds' quotients. */
  ratio: number | null;
  /** What the ratio, or the value where there is no ratio, may be: at least for rates, at most for the rest. */
  bound: number | null;
  /** False when the bound is broken. */
  ok: boolean;
}

/** Of these only "/s" and "GB/s" are better when they are more. */
export type Unit = "µs" | "ms" | "/s" | "GB/s" | "MiB" | "%";

/** A bench: measures, and gives each row as soon as it has it. */
export type Bench = () => AsyncGenerator<Row>;

/** A row's name, unit, and the figures that it did not measure itself. */
export interface RowHead {
  id: string;
  unit: Unit;
  peer?: number;
  bound?: number;
}

/** What the rounds of a comparison gave. */
export interface Compared {
  value: number;
  limit: number;
  ratio: number;
}

/** A row whose bound is a quotient of product and prototype. */
export function ratioRow(head: RowHead, { value, limit, ratio }: Compared): Row {
  return row(head, { value, limit, ratio, judged: ratio });
}

/** A row whose bound, if any, is one of the value; `limit` is what the bare prototype got beside it. */
export function valueRow(head: RowHead, value: number, limit?: number): Row {
  return row(head, { value, limit: limit ?? null, ratio: null, judged: value });
}

/** Is less of this unit worse? */
export function isRate(unit: Unit): boolean {
  return unit === "/s" || unit === "GB/s";
}

function row(
  { id, unit, peer, bound }: RowHead,
  { judged, ...measured }: Pick<Row, "value" | "limit" | "ratio"> & { judged: number },
): Row {
  const ok = bound === undefined || (isRate(unit) ? judged >= bound : judged <= bound);
  return { id, unit, ...measured, peer: peer ?? null, bound: bound ?? null, ok };
}
