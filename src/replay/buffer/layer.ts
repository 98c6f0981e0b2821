/** What is told about an item; layers add to it. */
export type Meta = Record<string, unknown>;

/** An item of a buffer. */
export interface BufferedItem<T = unknown> {
  readonly index: string;
  data: T;
  meta: Meta;
}

/** What a sample asks for. */
export interface SampleRequest {
  /** So many items, or those with these indices. */
  what: number | readonly string[];
  /** May an item come twice? Default false. */
  replace?: boolean | undefined;
  /** Only items from … up to but without …, by age; negative counts from the newest. */
  range?: { start?: number | undefined; end?: number | undefined } | undefined;
  /** Fewer items than asked for give an empty sample, and no error. */
  ignoreInsufficient?: boolean | undefined;
  /** Items with the same value of this key of their meta, or the same answer, come together. */
  groupby?: string | ((item: BufferedItem) => unknown) | undefined;
  /** So many items of each group, one after the other. */
  unrollLen?: number | undefined;
  /** The version of the policy that learns, for `stalenessCheck()`. */
  policyVersion?: number | undefined;
}

/** Items, in groups of one where no groups were asked for. */
export type Sampled<T = unknown> = BufferedItem<T>[][];

export type Push<T = unknown> = (data: T, meta: Meta) => BufferedItem<T>;
export type Sample<T = unknown> = (request: SampleRequest) => Sampled<T>;
export type Update<T = unknown> = (
  index: string,
  change: { data?: T | undefined; meta?: Meta | undefined },
) => boolean;
export type Delete = (indices: string | readonly string[]) => number;

/**
 * One layer of a buffer. Each hook gets the next one and decides whether and with what to call it; the last is the
 * storage itself. A layer without a hook lets the call through.
 */
export interface Layer<T = unknown> {
  push?: (next: Push<T>, data: T, meta: Meta) => BufferedItem<T>;
  sample?: (next: Sample<T>, request: SampleRequest) => Sampled<T>;
  update?: (next: Update<T>, ...change: Parameters<Update<T>>) => boolean;
  /** An item is in, whoever pushed it. */
  added?: (item: BufferedItem<T>) => void;
  /** An item has gone, whoever took it out, or made it go. */
  removed?: (item: BufferedItem<T>) => void;
  /** Plain values; what `loadStateDict()` takes, after the items are back. */
  stateDict?: () => unknown;
  loadStateDict?: (state: unknown) => void;
}
