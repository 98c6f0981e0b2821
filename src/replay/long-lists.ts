import { stateFault } from "./faults.ts";
import type { NumberArray } from "./store/schema.ts";

/** Numbers of a list that travel together, at most: a part is small, so that nobody waits long for one. */
const SLICE = 262_144;

/** A slice of a list that was taken out of a state. */
export interface ListSlice {
  /** Where the list stands in the state: "sampler.slots". */
  path: string;
  at: number;
  data: NumberArray;
}

/** Lists that were taken out, by path: how long each is. */
export type ListLengths = Record<string, number>;

type Plain = Record<string, unknown>;

/** Takes the lists of numbers out of a state: what is left, and how long they are. The state is not changed. */
export function takeLists<T extends object>(
  state: T,
): { rest: T; lengths: ListLengths; lists: Map<string, NumberArray> } {
  const lists = new Map<string, NumberArray>();
  const rest = walk(state as Plain, "", lists) as T;
  const lengths = Object.fromEntries([...lists].map(([path, { length }]) => [path, length]));
  return { rest, lengths, lists };
}

/** The lists in slices. */
export function* slicesOf(lists: ReadonlyMap<string, NumberArray>): Generator<ListSlice> {
  for (const [path, list] of lists) {
    for (let at = 0; at < list.length; at += SLICE) {
      yield { path, at, data: list.slice(at, at + SLICE) };
    }
  }
}

/** Puts the lists back in their places; one that is not whole stays empty, and is named. */
export function giveLists<T extends object>(
  rest: T,
  lengths: ListLengths,
  slices: readonly ListSlice[],
): { whole: T; broken: string[] } {
  const whole = structuredClone(rest);
  const broken: string[] = [];
  for (const [path, length] of Object.entries(lengths)) {
    const [list, put] = placeOf(whole as Plain, path);
    const Kind = list.constructor as new (size: number) => NumberArray;
    const filled = new Kind(length);
    const given = new Map<number, number>();
    for (const { at, data } of slices.filter((slice) => slice.path === path)) {
      if (at + data.length > length) throw stateFault(`its list ${path} is too long`);
      filled.set(data, at);
      given.set(at, data.length);
    }
    const count = [...given.values()].reduce((sum, one) => sum + one, 0);
    if (count === length) put(filled);
    else broken.push(path);
  }
  return { whole, broken };
}

function walk(value: Plain, path: string, lists: Map<string, NumberArray>): Plain {
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const at = path === "" ? name : `${path}.${name}`;
      if (ArrayBuffer.isView(inner)) {
        const list = inner as unknown as NumberArray;
        lists.set(at, list);
        return [name, list.slice(0, 0)];
      }
      const isPlain = typeof inner === "object" && inner !== null && !Array.isArray(inner);
      return [name, isPlain ? walk(inner as Plain, at, lists) : inner];
    }),
  );
}

function placeOf(state: Plain, path: string): [NumberArray, (list: NumberArray) => void] {
  const names = path.split(".");
  const last = names.pop() ?? "";
  let inner: unknown = state;
  for (const name of names) inner = (inner as Plain | null | undefined)?.[name];
  const list = (inner as Plain | null | undefined)?.[last];
  if (!ArrayBuffer.isView(list)) throw stateFault(`it has no list ${path}`);
  return [list as unknown as NumberArray, (whole) => ((inner as Plain)[last] = whole)];
}
