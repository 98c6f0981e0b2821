import { inputFault } from "./faults.ts";
import type { Steps } from "./replay-options.ts";
import type { RowStore } from "./store/row-store.ts";
import { type ColumnPlan, ITEM_COLUMN } from "./store/schema.ts";

type Columns = Readonly<Record<string, unknown>>;

/** Reads steps as columns, whatever form they came in; `usage.invalid-input` where they are no steps. */
export function columnsOf(store: RowStore, steps: Steps): Columns {
  const { plans } = store;
  const hasSchema = !(plans.length === 1 && plans[0]?.name === ITEM_COLUMN);
  if (Array.isArray(steps)) {
    return hasSchema ? columnsOfList(plans, steps) : { [ITEM_COLUMN]: steps };
  }
  if (!isObject(steps) || (!hasSchema && !(ITEM_COLUMN in steps))) {
    throw inputFault(
      "Cannot insert these steps: they are no list",
      hasSchema ? "Give columns by name, or a list of steps." : "Without a schema, give a list.",
    );
  }
  const columns = Object.entries(steps as Columns);
  return Object.fromEntries(columns.map(([name, data]) => [name, endToEnd(plans, name, data)]));
}

/** How many steps these are. */
export function countOf(store: RowStore, steps: Steps): number {
  return Array.isArray(steps) ? steps.length : store.countOf(columnsOf(store, steps));
}

/** What steps have besides is passed over: what the ancestor's collectors say of one lies beside it. */
function columnsOfList(plans: readonly ColumnPlan[], steps: readonly unknown[]): Columns {
  const odd = steps.findIndex((step) => !isObject(step));
  if (odd !== -1) throw inputFault(`Cannot store step ${odd}: it is no object of columns`);
  const list = steps as readonly Columns[];
  return Object.fromEntries(
    plans.map((plan) => {
      const values = list.map((step) => step[plan.name]);
      if (plan.dtype === "object") return [plan.name, values];
      return [plan.name, values.flatMap((value, at) => numbersOf(plan, value, at))];
    }),
  );
}

/** A column of lists, one a step, is as well one list of numbers. */
function endToEnd(plans: readonly ColumnPlan[], name: string, data: unknown): unknown {
  if (!Array.isArray(data) || !isObject(data[0])) return data;
  const plan = plans.find((one) => one.name === name);
  if (!plan || plan.dtype === "object") return data;
  return data.flatMap((value, at) => numbersOf(plan, value, at));
}

/** The numbers of one step's value, lists in it end to end; whether they fit, their column says. */
function numbersOf({ name, width }: ColumnPlan, value: unknown, at: number): unknown[] {
  if (width === 1 && typeof value === "number") return [value];
  const numbers: unknown[] = [value]
    .flat(Infinity)
    .flatMap((one: unknown) =>
      ArrayBuffer.isView(one) && !(one instanceof DataView)
        ? Array.from(one as unknown as ArrayLike<unknown>)
        : [one],
    );
  if (numbers.length === width && value !== undefined) return numbers;
  const what = value === undefined ? "it is missing" : `${numbers.length} numbers, not ${width}`;
  throw inputFault(`Cannot store column "${name}" of step ${at}: ${what}`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
