import { inputFault } from "./faults.ts";
import type { EpisodeOptions, StepWindow } from "./replay-options.ts";
import type { ColumnPlan, NumberArray } from "./store/schema.ts";

/** How steps become sequences, and these items. */
export interface EpisodePlan {
  /** In which order the steps are stored; undefined: as they come. */
  order: Int32Array | undefined;
  /** Sequences in that order. */
  runs: readonly StepWindow[];
  /** Items, each within one sequence. */
  windows: readonly StepWindow[];
}

/** Plans for `length` steps in `data`; `usage.invalid-input` where the options do not fit them. */
export function planEpisode(
  data: Readonly<Record<string, unknown>>,
  length: number,
  options: EpisodeOptions,
): EpisodePlan {
  const { groupBy, windows } = options;
  if (windows !== undefined && groupBy !== undefined) {
    throw inputFault("Cannot insert with windows and groupBy: windows are of one sequence");
  }
  const whole = { start: 0, length };
  if (windows !== undefined) {
    for (const window of windows) checkWindow(window, length);
    return { order: undefined, runs: length === 0 ? [] : [whole], windows };
  }
  if (groupBy === undefined) {
    return {
      order: undefined,
      runs: length === 0 ? [] : [whole],
      windows: windowsOf(whole, options),
    };
  }
  const groups = groupsOf(data[groupBy], length, groupBy);
  const order = Int32Array.from(groups.flat());
  const runs: StepWindow[] = [];
  let start = 0;
  for (const group of groups) {
    runs.push({ start, length: group.length });
    start += group.length;
  }
  return { order, runs, windows: runs.flatMap((run) => windowsOf(run, options)) };
}

/** The columns with their steps in another order. */
export function inOrder(
  data: Readonly<Record<string, unknown>>,
  plans: readonly ColumnPlan[],
  order: Int32Array,
): Record<string, unknown> {
  return Object.fromEntries(
    plans.map(({ name, dtype, width }) => {
      const column = data[name] as NumberArray | unknown[];
      if (dtype === "object") return [name, Array.from(order, (at) => column[at])];
      const Kind = Array.isArray(column) ? Float64Array : column.constructor;
      const sorted = new (Kind as new (length: number) => NumberArray)(order.length * width);
      for (let to = 0; to < order.length; to++) {
        const from = (order[to] as number) * width;
        for (let i = 0; i < width; i++) sorted[to * width + i] = Number(column[from + i]);
      }
      return [name, sorted];
    }),
  );
}

/** Steps by the value that they have in common, in the order in which the values come first. */
function groupsOf(column: unknown, length: number, name: string): number[][] {
  const values = column as ArrayLike<unknown> | undefined;
  if (values?.length !== length) {
    throw inputFault(
      `Cannot group by "${name}": it is no column of one value a step`,
      "Name a column of numbers without a shape, or of objects.",
    );
  }
  const groups = new Map<unknown, number[]>();
  for (let at = 0; at < length; at++) {
    const group = groups.get(values[at]);
    if (group) group.push(at);
    else groups.set(values[at], [at]);
  }
  return [...groups.values()];
}

function windowsOf(run: StepWindow, options: EpisodeOptions): StepWindow[] {
  const { unrollLen = Math.max(1, run.length), stride = unrollLen, short = "keep" } = options;
  checkSteps("unrollLen", unrollLen);
  checkSteps("stride", stride);
  if (run.length === 0 || (run.length < unrollLen && short === "drop")) return [];
  if (run.length <= unrollLen) return [run];
  const windows = [];
  const end = run.start + run.length;
  let { start } = run;
  for (; start + unrollLen <= end; start += stride) windows.push({ start, length: unrollLen });
  const isCovered = start - stride + unrollLen === end;
  if (!isCovered) windows.push({ start: end - unrollLen, length: unrollLen });
  return windows;
}

function checkWindow({ start, length }: StepWindow, steps: number): void {
  const isWhole = Number.isSafeInteger(start) && Number.isSafeInteger(length);
  if (isWhole && start >= 0 && length >= 1 && start + length <= steps) return;
  throw inputFault(`Cannot insert ${length} steps from ${start} on: there are ${steps}`);
}

function checkSteps(name: string, steps: number): void {
  if (Number.isSafeInteger(steps) && steps >= 1) return;
  throw inputFault(`Cannot insert with ${name} ${steps}: not a whole number from 1 on`);
}
