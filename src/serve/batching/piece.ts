/** One request in the queue of a model. */
export interface BatchEntry<T> {
  /** How many items it has, at least 1; a long list runs in several batches. */
  readonly rows: number;
  /** Who asks: clients are served in turns. */
  readonly client: string;
  /** 1 is served first; 0 is the default. */
  readonly priority: number;
  /** When it must have left the queue, in the same milliseconds as `now`; Infinity when it may wait. */
  readonly deadline: number;
  readonly value: T;
}

/** Some items of one request, to be run in one batch. A part of it keeps `order` and `arrivedMs`. */
export interface Piece<T> {
  readonly entry: BatchEntry<T>;
  /** The first item, and how many from there. */
  readonly from: number;
  readonly rows: number;
  /** Its entry's place in the order of arrival. */
  readonly order: number;
  readonly arrivedMs: number;
}
