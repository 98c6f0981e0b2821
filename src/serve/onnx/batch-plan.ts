import type { Axis, OnnxValue } from "./values.ts";

/** The axis of a tensor that the rows of a batch lie on; undefined where it has none: the tensor is one row's, or all rows'. */
export type RowAxis = number | undefined;

/** How the rows of a batch become the tensors of a model, and its outputs rows again. */
export interface BatchPlan {
  /** The most rows of one run; undefined when any number will do. */
  readonly maxRows: number | undefined;
  /** Does a run always take `maxRows`, so that fewer have to be filled up? */
  readonly isFixed: boolean;
  readonly inputs: readonly RowAxis[];
  /** As far as the model says it. */
  readonly outputs: readonly RowAxis[];
  /** Does the model call it its batch? Else what looks like rows may be something that belongs together. */
  readonly isNamed: boolean;
  /** Do outputs have to be seen before that can be trusted? */
  readonly isGuess: boolean;
}

/**
 * Where a model has its batch, by what it says of its tensors.
 * An axis of any size named like "batch" is the batch, else the first input's first axis of any size.
 * With it go the axes of the same name, a first axis of any size whose name says nothing else, and behind a fixed
 * first axis the only unnamed one of any size. Without any, first axes of one size n, in inputs and all outputs, are
 * batches of exactly n. Else an item is all that a run takes. A tensor without a batch axis is shared by the rows.
 */
export function planBatch(inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): BatchPlan {
  const symbol = batchSymbol(inputs);
  if (symbol !== undefined) {
    const others = otherSymbols(inputs, symbol);
    return {
      maxRows: undefined,
      isFixed: false,
      isNamed: NAMED.test(symbol),
      inputs: inputs.map(({ axes }) => rowAxis(axes, symbol, others)),
      // Exporters make up names for the axes of outputs: they rule nothing out.
      outputs: outputs.map(({ axes }) => rowAxis(axes, symbol, new Set())),
      isGuess: outputs.some(({ axes }) => !isCertain(axes, symbol)),
    };
  }
  const rows = fixedRows(inputs, outputs);
  if (rows === undefined) return planOne(inputs, outputs);
  return {
    maxRows: rows,
    isFixed: true,
    isNamed: false,
    inputs: inputs.map(({ axes }) => (axes[0]?.size === rows ? 0 : undefined)),
    outputs: outputs.map(() => 0),
    isGuess: false,
  };
}

/** The plan in which an item is all that a run takes and gives. */
export function planOne(inputs: readonly OnnxValue[], outputs: readonly OnnxValue[]): BatchPlan {
  return {
    maxRows: 1,
    isFixed: true,
    isNamed: false,
    inputs: inputs.map(() => undefined),
    outputs: outputs.map(() => undefined),
    isGuess: false,
  };
}

/** Names that say "batch", on whatever axis; and those that do on a first one. */
const NAMED = /batch/i;
const TELLING = /batch|^(?:n|b|bs)$/i;

function batchSymbol(inputs: readonly OnnxValue[]): string | undefined {
  const symbols = inputs.flatMap(({ axes }) => axes.map(symbolOf));
  const named = symbols.find((symbol) => symbol !== undefined && NAMED.test(symbol));
  if (named !== undefined) return named;
  return inputs.map(({ axes: [first] }) => symbolOf(first)).find((symbol) => symbol !== undefined);
}

/** Names on first axes that mean something else than the batch, such as the length of a text. */
function otherSymbols(inputs: readonly OnnxValue[], symbol: string): ReadonlySet<string> {
  const isTelling = TELLING.test(symbol);
  const axes = inputs.flatMap((input) => (isTelling ? input.axes : input.axes.slice(1)));
  const names = axes.map(symbolOf).filter((name) => name !== undefined);
  return new Set(names).difference(new Set(["", symbol]));
}

function rowAxis(axes: readonly Axis[], symbol: string, others: ReadonlySet<string>): RowAxis {
  const symbols = axes.map(symbolOf);
  const [first] = symbols;
  if (symbol !== "" && symbols.includes(symbol)) return symbols.indexOf(symbol);
  if (first !== undefined) return others.has(first) ? undefined : 0;
  const unnamed = [...symbols.keys()].filter((axis) => symbols[axis] === "");
  return unnamed.length === 1 ? unnamed[0] : undefined;
}

/** An output is trusted where it names the batch, or where both have no names and no other axis could be it. */
function isCertain(axes: readonly Axis[], symbol: string): boolean {
  const open = axes.map(symbolOf).filter((each) => each !== undefined);
  return symbol === "" ? open.length === 1 && open[0] === "" : open.includes(symbol);
}

function fixedRows(
  inputs: readonly OnnxValue[],
  outputs: readonly OnnxValue[],
): number | undefined {
  const first = inputs.find(({ axes }) => axes.length > 0)?.axes[0]?.size ?? 0;
  const isBatch = first > 0 && outputs.every(({ axes }) => axes[0]?.size === first);
  return isBatch ? first : undefined;
}

function symbolOf(axis: Axis | undefined): string | undefined {
  return axis?.symbol;
}
