import type { NodeNotes, Peer } from "../router.ts";

/** So many names one node may use. */
const MOST_KEYS = 1_000;

/** Numbers that nodes tell each other under names: the latest of each node, also for who comes later. */
export class Notes implements NodeNotes {
  readonly #tell: (key: string, value: number, to: number | undefined) => void;
  readonly #own = new Map<string, number>();
  readonly #others = new Map<string, Map<number, number>>();
  readonly #listeners = new Set<() => void>();

  constructor(tell: (key: string, value: number, to: number | undefined) => void) {
    this.#tell = tell;
  }

  /** This node's own. */
  get(key: string): number | undefined {
    return this.#own.get(key);
  }

  /** Tells all others. */
  set(key: string, value: number): void {
    this.#own.set(key, value);
    this.#tell(key, value, undefined);
  }

  /** What the others have told, by node id. */
  of(key: string): ReadonlyMap<number, number> {
    return this.#others.get(key) ?? NONE;
  }

  /** Runs after each change, until disposed. */
  onChange(run: () => void): Disposable {
    this.#listeners.add(run);
    return { [Symbol.dispose]: () => void this.#listeners.delete(run) };
  }

  onTold(key: string, value: number, from: number): void {
    const values = this.#others.get(key) ?? new Map<number, number>();
    if (!this.#others.has(key) && this.#others.size < MOST_KEYS) this.#others.set(key, values);
    values.set(from, value);
    this.#wake();
  }

  onJoin({ nodeId }: Peer): void {
    for (const [key, value] of this.#own) this.#tell(key, value, nodeId);
    this.#wake();
  }

  onGone({ nodeId }: Peer): void {
    for (const values of this.#others.values()) values.delete(nodeId);
    this.#wake();
  }

  #wake(): void {
    for (const run of this.#listeners) run();
  }
}

const NONE: ReadonlyMap<number, number> = new Map();
