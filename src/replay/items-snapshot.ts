/** What is known of some items, each list one entry an item, in the order of their slots. */
export interface ItemsPiece {
  slots: Int32Array;
  keys: Float64Array;
  rows: Int32Array;
  lengths: Int32Array;
  priorities: Float64Array;
  uses: Int32Array;
  versions: Float64Array;
}

/** Slots of a block: what one sample can make to be copied stays small. */
const BLOCK_SHIFT = 10;
const BLOCKS_PER_PIECE = 64;

/** Where items lie. */
export interface ItemsSource {
  /** Slots that were ever used. */
  readonly used: number;
  /** A copy of what is known of the slots from `from` up to but without `to`. */
  copy: (from: number, to: number) => ItemsPiece;
}

/**
 * The items of a table as they were at one moment. A block is copied when it is asked for, or just before one of its
 * items changes: inserts and samples wait for little, and what they change does not show.
 */
export class ItemsSnapshot implements Disposable, Iterable<ItemsPiece> {
  readonly #source: ItemsSource;
  readonly #used: number;
  readonly #onDispose: () => void;
  readonly #kept = new Map<number, ItemsPiece>();
  /** Blocks before this one were handed out. */
  #at = 0;

  constructor(source: ItemsSource, onDispose: () => void) {
    this.#source = source;
    this.#used = source.used;
    this.#onDispose = onDispose;
  }

  /** The item in this slot changes after this. */
  keep(slot: number): void {
    const block = slot >> BLOCK_SHIFT;
    if (block < this.#at || slot >= this.#used || this.#kept.has(block)) return;
    this.#kept.set(block, this.#copy(block));
  }

  *[Symbol.iterator](): Generator<ItemsPiece> {
    while (this.#at << BLOCK_SHIFT < this.#used) {
      const pieces: ItemsPiece[] = [];
      const end = this.#at + BLOCKS_PER_PIECE;
      for (; this.#at < end && this.#at << BLOCK_SHIFT < this.#used; this.#at++) {
        pieces.push(this.#kept.get(this.#at) ?? this.#copy(this.#at));
        this.#kept.delete(this.#at);
      }
      yield joinPieces(pieces);
    }
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#at = Math.ceil(this.#used / (1 << BLOCK_SHIFT));
    this.#kept.clear();
    this.#onDispose();
  }

  #copy(block: number): ItemsPiece {
    const from = block << BLOCK_SHIFT;
    return this.#source.copy(from, Math.min(this.#used, from + (1 << BLOCK_SHIFT)));
  }
}

/** Pieces as one, in the order of their slots. */
export function joinPieces(pieces: readonly ItemsPiece[]): ItemsPiece {
  const sorted = pieces.toSorted((one, other) => (one.slots[0] ?? 0) - (other.slots[0] ?? 0));
  const count = sorted.reduce((sum, { slots }) => sum + slots.length, 0);
  const joined = makePiece(count);
  let at = 0;
  for (const piece of sorted) {
    joined.slots.set(piece.slots, at);
    joined.keys.set(piece.keys, at);
    joined.rows.set(piece.rows, at);
    joined.lengths.set(piece.lengths, at);
    joined.priorities.set(piece.priorities, at);
    joined.uses.set(piece.uses, at);
    joined.versions.set(piece.versions, at);
    at += piece.slots.length;
  }
  return joined;
}

/** Empty lists for so many items. */
export function makePiece(count: number): ItemsPiece {
  return {
    slots: new Int32Array(count),
    keys: new Float64Array(count),
    rows: new Int32Array(count),
    lengths: new Int32Array(count),
    priorities: new Float64Array(count),
    uses: new Int32Array(count),
    versions: new Float64Array(count),
  };
}
