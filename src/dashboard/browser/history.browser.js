/** After so many new steps all is asked for again: the server keeps what is old in coarser steps. */
const MOST_NEW = 400;

/** What the page knows of the past, in columns. */
export class History {
  atMs = [];
  #columns = [];
  #values = [];
  #fresh = 0;

  /** From when on more is wanted; nothing when all is. */
  get sinceMs() {
    return this.#fresh > MOST_NEW ? undefined : this.atMs.at(-1);
  }

  clear() {
    this.atMs = [];
    this.#values = [];
    this.#fresh = 0;
  }

  /** Takes what came; `isWhole` when it is all there is. */
  add({ columns, atMs, values }, isWhole) {
    if (isWhole) this.clear();
    this.#columns = columns;
    if (this.#values.length === 0) this.#values = columns.map(() => []);
    if (!isWhole) this.#fresh += atMs.length;
    this.atMs.push(...atMs);
    for (const [index, more] of values.entries()) this.#values[index].push(...more);
  }

  /** Seconds since 1970, and the columns of these names, as uPlot takes them. */
  read(names) {
    return [
      this.atMs.map((ms) => ms / 1_000),
      ...names.map(
        (name) => this.#values[this.#columns.indexOf(name)] ?? this.atMs.map(() => null),
      ),
    ];
  }
}
