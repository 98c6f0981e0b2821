import type { Step } from "./calls.ts";

/** How receipts of jobs begin that nobody had before: s:ID:PRIORITY:TOKEN. Any other's is h:NUMBER:PRIORITY:TOKEN. */
const FRESH = "s:";

/** Jobs of one taking that are done: whose priority and token, and the ids, none twice. */
export type Acks = [priority: string, token: string, ids: string[]];

/** Makes receipts for jobs that were read together. */
export function freshReceipts(priority: string, token: string): (id: string) => string {
  const rest = `:${priority}:${token}`;
  return (id) => FRESH + id + rest;
}

/** Steps as the server wants them, and which is which. */
export interface SortedSteps {
  acks: Acks[];
  others: Step[];
  /** For each answer, in the order of the acks and then of the others, whose it is. */
  owners: number[];
}

/** What finishes fresh jobs goes first, by their taking, unless something else was said of the job before. */
export function sortSteps(steps: readonly Step[]): SortedSteps {
  const parts = new Map<string, Map<string, number>>();
  const others: Step[] = [];
  const owners: number[] = [];
  const spokenOf = new Set<string>();
  steps.forEach((step, index) => {
    const [what, receipt] = step;
    const end = what === "a" && receipt.startsWith(FRESH) ? receipt.indexOf(":", FRESH.length) : -1;
    const id = receipt.slice(FRESH.length, end);
    const name = receipt.slice(end + 1);
    const part = parts.get(name);
    if (end < 0 || part?.has(id) || spokenOf.has(receipt)) {
      others.push(step);
      owners.push(index);
      spokenOf.add(receipt);
    } else if (part) part.set(id, index);
    else parts.set(name, new Map([[id, index]]));
  });
  const acks: Acks[] = [];
  const first: number[] = [];
  for (const [name, part] of parts) {
    const at = name.indexOf(":");
    acks.push([name.slice(0, at), name.slice(at + 1), [...part.keys()]]);
    first.push(...part.values());
  }
  return { acks, others, owners: [...first, ...owners] };
}
