import type { Soon } from "../soon.ts";

/** What became of an item: what was made of it, or why nothing was. */
export type Outcome<T> = { readonly value: T } | { readonly thrown: unknown };

/** How failures are taken. */
export interface HalvesOptions {
  /** Is it the fault of a whole batch, whatever is in it? Then nothing is tried again. */
  isHopeless: (thrown: unknown) => boolean;
}

/** Gives one value for each item from `from` up to, and without, `to`. */
type Run<T> = (from: number, to: number) => Soon<readonly T[]>;

/** From the item `from` up to, and without, the item `to`. */
interface Part {
  readonly from: number;
  readonly to: number;
  readonly thrown: unknown;
}

/** When this many parts have failed and none has been well, halves find nobody: items are tried one by one. */
const MOST_VAIN_PARTS = 14;
/** When this many single items have failed and nothing has been well, it is not the items. */
const MOST_VAIN_ITEMS = 16;

/**
 * Runs a batch; when it throws, each half of it, and so on (a bisection): an item that fails
 * does so alone, and all others have their outputs. The work is bounded: for n
 * items at most 2n − 1 runs, and when nothing at all succeeds at most 31, after
 * which the items that were not tried alone fail as their last part did.
 * Gives the outcomes at once where the whole batch is well at once.
 */
export function runInHalves<T>(
  count: number,
  run: Run<T>,
  options: HalvesOptions,
): Soon<Outcome<T>[]> {
  const all = (values: readonly T[]): Outcome<T>[] => {
    const outcomes: Outcome<T>[] = [];
    for (let index = 0; index < count; index++) outcomes.push({ value: values[index] as T });
    return outcomes;
  };
  const failed = (thrown: unknown): Promise<Outcome<T>[]> =>
    runParts({ from: 0, to: count, thrown }, run, options);
  let values: Soon<readonly T[]>;
  try {
    values = run(0, count);
  } catch (thrown) {
    return failed(thrown);
  }
  return values instanceof Promise ? values.then(all, failed) : all(values);
}

/** A batch that has failed as a whole. */
async function runParts<T>(
  whole: Part,
  run: Run<T>,
  { isHopeless }: HalvesOptions,
): Promise<Outcome<T>[]> {
  const outcomes: Outcome<T>[] = Array.from({ length: whole.to });
  const tally = { well: 0, failedParts: 0, failedItems: 0 };
  const fail = (part: Part): Part => {
    if (part.to - part.from === 1) tally.failedItems += 1;
    else tally.failedParts += 1;
    return part;
  };
  const attempt = async (from: number, to: number): Promise<Part | undefined> => {
    try {
      const values = await run(from, to);
      for (let index = from; index < to; index++) {
        outcomes[index] = { value: values[index - from] as T };
      }
      tally.well += 1;
      return undefined;
    } catch (thrown) {
      return fail({ from, to, thrown });
    }
  };
  const failed = [fail(whole)];
  for (let part = failed.shift(); part; part = failed.shift()) {
    const { from, to, thrown } = part;
    const isInVain = tally.well === 0 && tally.failedItems >= MOST_VAIN_ITEMS;
    if (to - from === 1 || isInVain || isHopeless(thrown)) {
      outcomes.fill({ thrown }, from, to);
      continue;
    }
    const isBlind = tally.well === 0 && tally.failedParts >= MOST_VAIN_PARTS;
    for (const [start, end] of isBlind ? singles(part) : halves(part)) {
      const rest = await attempt(start, end);
      if (!rest) continue;
      failed.push(rest);
      if (tally.well === 0 && tally.failedItems >= MOST_VAIN_ITEMS) {
        outcomes.fill({ thrown: rest.thrown }, start, to);
        break;
      }
    }
  }
  return outcomes;
}

function halves({ from, to }: Part): [number, number][] {
  const middle = Math.ceil((from + to) / 2);
  return [
    [from, middle],
    [middle, to],
  ];
}

function singles({ from, to }: Part): [number, number][] {
  return Array.from({ length: to - from }, (_, index) => [from + index, from + index + 1]);
}
