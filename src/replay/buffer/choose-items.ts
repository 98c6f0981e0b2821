import { inputFault } from "../faults.ts";
import type { Random } from "../random.ts";
import type { ItemDeque } from "./item-deque.ts";
import type { BufferedItem, Sampled, SampleRequest } from "./layer.ts";

/** What a storage does with a sample that came through all layers. */
export function chooseItems(
  deque: ItemDeque,
  request: SampleRequest,
  { random, sliced }: { random: Random; sliced: boolean },
): Sampled {
  const { what, range, groupby, unrollLen } = request;
  const all = range ? deque.byAge.slice(range.start, range.end) : deque.byAge;
  if (unrollLen !== undefined && groupby === undefined) {
    throw inputFault("Cannot sample with unrollLen: there is no groupby");
  }
  if (typeof what !== "number") {
    if (groupby !== undefined) throw inputFault("Cannot sample by indices and groupby at once");
    return byIndices(deque, what, request);
  }
  const groups = groupby === undefined ? all.map((item) => [item]) : groupsOf(all, request);
  const chosen = choose(groups, what, { request, random });
  if (unrollLen === undefined) return chosen;
  return chosen.map((group) => windowOf(group, unrollLen, { random, sliced }));
}

function byIndices(
  deque: ItemDeque,
  indices: readonly string[],
  { ignoreInsufficient }: SampleRequest,
): Sampled {
  const items = indices.map((index) => deque.get(index));
  const found = items.filter((item) => item !== undefined);
  if (found.length === items.length) return found.map((item) => [item]);
  if (ignoreInsufficient) return [];
  throw inputFault(`Cannot sample ${items.length} items by index: ${found.length} are there`);
}

function groupsOf(
  items: readonly BufferedItem[],
  { groupby, unrollLen = 1 }: SampleRequest,
): BufferedItem[][] {
  const keyOf =
    typeof groupby === "function" ? groupby : (item: BufferedItem) => item.meta[String(groupby)];
  const groups = new Map<unknown, BufferedItem[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()].filter((group) => group.length >= unrollLen);
}

function choose(
  groups: readonly BufferedItem[][],
  count: number,
  { request, random }: { request: SampleRequest; random: Random },
): Sampled {
  const { replace = false, ignoreInsufficient = false, groupby } = request;
  if (!Number.isSafeInteger(count) || count < 1) {
    throw inputFault(`Cannot sample ${count} items: not a whole number from 1 on`);
  }
  if (groups.length === 0 || (!replace && groups.length < count)) {
    if (ignoreInsufficient) return [];
    const name = groupby === undefined ? "items" : "groups";
    throw inputFault(
      `Cannot sample ${count} ${name}: there are ${groups.length}`,
      "Push more first, or pass ignoreInsufficient for an empty sample.",
    );
  }
  const draw = (from: number): number => from + random.below(groups.length - from);
  if (replace) return Array.from({ length: count }, () => groups[draw(0)] ?? []);
  // The beginning of a shuffle; only what it moves is kept.
  const moved = new Map<number, number>();
  return Array.from({ length: count }, (_, at) => {
    const from = draw(at);
    const chosen = moved.get(from) ?? from;
    moved.set(from, moved.get(at) ?? at);
    return groups[chosen] ?? [];
  });
}

/** So many items of a group, one after the other: from anywhere, or from a multiple of the length. */
function windowOf(
  group: BufferedItem[],
  length: number,
  { random, sliced }: { random: Random; sliced: boolean },
): BufferedItem[] {
  const start = sliced
    ? random.below(Math.floor(group.length / length)) * length
    : random.below(group.length - length + 1);
  return group.slice(start, start + length);
}
