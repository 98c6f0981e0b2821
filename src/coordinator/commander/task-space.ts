/** So many tasks at a time. Below the number of those that run it may be set too: these go on, and none is added. */
export class TaskSpace {
  readonly #floor: number;
  #most: number;
  #used = 0;

  /** The ancestor's LimitedSpaceContainer: from `floor` on, at most `most`. */
  constructor(floor: number, most: number) {
    this.#floor = floor;
    this.#most = most;
  }

  get used(): number {
    return this.#used;
  }

  get most(): number {
    return this.#most;
  }

  get isFree(): boolean {
    return this.#used < this.#most;
  }

  /** Takes a place; false when there is none. */
  acquire(): boolean {
    if (!this.isFree) return false;
    this.#used += 1;
    return true;
  }

  /** Gives a place back; throws where none was taken: a place that is given back twice is a mistake. */
  release(): void {
    if (this.#used <= this.#floor) throw new RangeError("No place is taken");
    this.#used -= 1;
  }

  increase(): void {
    this.#most += 1;
  }

  decrease(): void {
    this.#most = Math.max(this.#floor, this.#most - 1);
  }

  /** Sets how many there are. */
  resize(most: number): void {
    this.#most = Math.max(this.#floor, most);
  }

  /** After a restart: so many are taken. */
  restore(used: number): void {
    this.#used = Math.max(this.#floor, used);
  }
}
