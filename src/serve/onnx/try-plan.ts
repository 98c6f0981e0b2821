import { Buffer } from "node:buffer";
import type { NamedTensor, Payload } from "../inference.ts";
import { mergeRows, sliceRows } from "../rows.ts";
import { planOne, type BatchPlan } from "./batch-plan.ts";
import { rawRun, runRows } from "./run-rows.ts";
import { runtimeWords } from "./runtime-words.ts";
import type { OnnxSession } from "./session.ts";
import type { OnnxValue } from "./values.ts";

/** Enough to be told from 1 and from a pair of something. */
const SEVERAL = 3;

type Row = readonly NamedTensor[];

/** What is known of a plan after a trial. */
export interface TriedPlan {
  readonly plan: BatchPlan;
  /** Why it came to one item at a time, if it did. */
  readonly whyAlone?: string;
}

/**
 * Runs a model of any number of rows with this one, and with three of it: what the plan says of outputs is put right,
 * and a model that cannot take several rows gets one at a time. Where the model does not call the axis its batch, such
 * as a length that comes first, another row on top shows whether the others' answers are their own: if not, a request is
 * one item. Rejects when even the one row does not run.
 */
export async function tryPlan(
  session: OnnxSession,
  plan: BatchPlan,
  [row, other]: readonly [row: Row, other?: Row | undefined],
): Promise<TriedPlan> {
  const dimsOf = async (runSize: number) => {
    const batch = { inputs: row, rows: 1, runRows: runSize };
    return (await rawRun(session, plan, batch)).map(({ tensor }) => tensor.dims);
  };
  const one = await dimsOf(1);
  const several = await dimsOf(SEVERAL).catch(runtimeWords);
  const tookSeveral = typeof several !== "string";
  const grown = one.map((dims, index) => tookSeveral && grownAxis(dims, several[index] ?? []));
  const constant = session.outputs.find((_, index) => grown[index] === false);
  const outputs = grown.map((axis, index) => {
    if (axis !== false) return axis;
    const guess = plan.outputs[index] ?? 0;
    const isOne = tookSeveral ? isSingle(session.outputs[index], guess) : one[index]?.[guess] === 1;
    return isOne ? guess : undefined;
  });
  if (!constant) {
    const found = { ...plan, isGuess: false, outputs };
    if (plan.isNamed || !other) return { plan: found };
    const isMixed = await changeEachOther(session, found, { row, other, size: SEVERAL });
    return isMixed ? oneItem(session, "rows") : { plan: found };
  }
  const whyAlone = tookSeveral
    ? `its output "${constant.name}" does not grow with the rows`
    : `it takes no ${SEVERAL} rows (${several})`;
  return { plan: { ...plan, maxRows: 1, isGuess: false, outputs }, whyAlone };
}

/** The axis that is as long as there are rows, or false. */
function grownAxis(one: readonly number[], several: readonly number[]): number | false {
  const [axis, ...more] = [...several.keys()].filter((each) => several[each] !== one[each]);
  if (axis === undefined || more.length > 0 || one.length !== several.length) return false;
  return one[axis] === 1 && several[axis] === SEVERAL && axis;
}

function isSingle(value: OnnxValue | undefined, axis: number): boolean {
  return value?.axes[axis]?.size === 1;
}

/**
 * Runs a model of exactly n rows with n of the first row, and again with the second row on top. Where that changes what
 * comes out for the others, what looks like a batch is one item. Rejects when the model does not run.
 */
export async function tryFixedPlan(
  session: OnnxSession,
  plan: BatchPlan,
  [row, other]: readonly [row: Row, other: Row],
): Promise<TriedPlan> {
  const size = plan.maxRows ?? 1;
  const isMixed = await changeEachOther(session, plan, { row, other, size });
  return isMixed ? oneItem(session, `${size} rows`) : { plan };
}

function oneItem({ inputs, outputs }: OnnxSession, rows: string): TriedPlan {
  return { plan: planOne(inputs, outputs), whyAlone: `its ${rows} change each other's answers` };
}

/** Do the answers to `size` rows that are alike change, but for the first, when another one comes in its place? */
async function changeEachOther(
  session: OnnxSession,
  plan: BatchPlan,
  { row, other, size }: { row: Row; other: Row; size: number },
): Promise<boolean> {
  const others = async (rows: readonly Row[]) => {
    const payloads = rows.map((tensors) => ({ kind: "tensors", rows: 1, tensors }) as const);
    const inputs = tensorsOf(mergeRows(payloads));
    const tensors = await runRows(session, plan, { inputs, rows: rows.length });
    return tensorsOf(sliceRows({ kind: "tensors", rows: size, tensors }, 1, size - 1));
  };
  const alike = Array.from({ length: size - 1 }, () => row);
  const before = await others([row, ...alike]);
  if (size === 1) return false;
  const top = row.map((tensor, index) => {
    return plan.inputs[index] === undefined ? tensor : (other[index] ?? tensor);
  });
  const after = await others([top, ...alike]);
  return before.some(({ data }, index) => {
    return Buffer.compare(data, after[index]?.data ?? new Uint8Array()) !== 0;
  });
}

function tensorsOf(payload: Payload): readonly NamedTensor[] {
  return payload.kind === "tensors" ? payload.tensors : [];
}
