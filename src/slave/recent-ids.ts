/** Knows the newest ids up to a limit. A Set alone would pass over all it has ever forgotten to find its oldest. */
export class RecentIds {
  readonly #limit: number;
  /** By id, the place in the ring that keeps it. */
  readonly #places = new Map<string, number>();
  readonly #ring: string[] = [];
  #next = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  has(id: string): boolean {
    return this.#places.has(id);
  }

  add(id: string): void {
    if (this.#limit === 0) return;
    const place = this.#next;
    this.#next = (place + 1) % this.#limit;
    const oldest = this.#ring[place];
    // A deleted id that came again has a newer place.
    if (oldest !== undefined && this.#places.get(oldest) === place) this.#places.delete(oldest);
    this.#ring[place] = id;
    this.#places.set(id, place);
  }

  delete(id: string): void {
    this.#places.delete(id);
  }
}
