import { Buffer } from "node:buffer";
import { messageOf } from "../../core/errors.ts";
import type { NamedTensor, Payload } from "../inference.ts";
import { mergeRows, sliceRows } from "../rows.ts";
import { planOne, type BatchPlan, type RowAxis } from "./batch-plan.ts";
import { rawRun, runRows } from "./run-rows.ts";
import type { OnnxSession } from "./session.ts";

/** Enough to be told from 1 and from a pair of something. */
const SEVERAL = 3;

/** What is known of a plan after a trial. */
export interface TriedPlan {
  readonly plan: BatchPlan;
  /** Why it came to one item at a time, if it did. */
  readonly whyAlone?: string;
}

/**
 * Runs a model of any number of rows with this one, and with three of it: what the plan says of outputs is put right,
 * and a model that cannot take several rows gets one at a time. Rejects when even the one does not run.
 */
export async function tryPlan(
  session: OnnxSession,
  plan: BatchPlan,
  row: readonly NamedTensor[],
): Promise<TriedPlan> {
  const dimsOf = async (runSize: number) => {
    const batch = { inputs: row, rows: 1, runRows: runSize, isQuiet: true };
    return (await rawRun(session, plan, batch)).map(({ tensor }) => tensor.dims);
  };
  const one = await dimsOf(1);
  const alone = (whyAlone: string, outputs: readonly RowAxis[]) => {
    return { plan: { ...plan, maxRows: 1, isGuess: false, outputs }, whyAlone };
  };
  try {
    const several = await dimsOf(SEVERAL);
    const outputs = one.map((dims, index) => grownAxis(dims, several[index] ?? []));
    const constant = session.outputs.find((_, index) => outputs[index] === undefined);
    if (!constant) return { plan: { ...plan, isGuess: false, outputs } };
    return alone(`its output "${constant.name}" does not grow with the rows`, outputs);
  } catch (thrown) {
    const isRow = (axis: RowAxis, index: number) => axis !== undefined && one[index]?.[axis] === 1;
    const outputs = plan.outputs.map((axis, index) => (isRow(axis, index) ? axis : undefined));
    return alone(`it takes no ${SEVERAL} rows (${messageOf(thrown)})`, outputs);
  }
}

function grownAxis(one: readonly number[], several: readonly number[]): RowAxis {
  const [axis, ...more] = [...several.keys()].filter((each) => several[each] !== one[each]);
  const isRows = axis !== undefined && one[axis] === 1 && several[axis] === SEVERAL;
  return isRows && more.length === 0 && one.length === several.length ? axis : undefined;
}

/**
 * Runs a model of exactly n rows with n of the first row, and again with the second row on top. Where that changes what
 * comes out for the others, what looks like a batch is one item. Rejects when the model does not run.
 */
export async function tryFixedPlan(
  session: OnnxSession,
  plan: BatchPlan,
  [row, other]: readonly [readonly NamedTensor[], readonly NamedTensor[]],
): Promise<TriedPlan> {
  const size = plan.maxRows ?? 1;
  const others = async (rows: readonly (readonly NamedTensor[])[]) => {
    const payloads = rows.map((tensors) => ({ kind: "tensors", rows: 1, tensors }) as const);
    const inputs = tensorsOf(mergeRows(payloads));
    const tensors = await runRows(session, plan, { inputs, rows: rows.length, isQuiet: true });
    return tensorsOf(sliceRows({ kind: "tensors", rows: size, tensors }, 1, size - 1));
  };
  const before = await others(Array.from({ length: size }, () => row));
  if (size === 1) return { plan };
  const top = row.map((tensor, index) => {
    return plan.inputs[index] === undefined ? tensor : (other[index] ?? tensor);
  });
  const after = await others([top, ...Array.from({ length: size - 1 }, () => row)]);
  const isAlike = before.every(({ data }, index) => {
    return Buffer.compare(data, after[index]?.data ?? new Uint8Array()) === 0;
  });
  if (isAlike) return { plan };
  const whyAlone = `its ${size} rows change each other's answers`;
  return { plan: planOne(session.inputs, session.outputs), whyAlone };
}

function tensorsOf(payload: Payload): readonly NamedTensor[] {
  return payload.kind === "tensors" ? payload.tensors : [];
}
