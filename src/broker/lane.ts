interface Waiting<Item, Answer> {
  item: Item;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** How a lane goes. */
export interface LaneOptions<Item, Answer> {
  /**
   * Answers in the order of the items, with an error to whom it is refused; `slot` is used by one call at a time. A
   * rejection is one of all of them.
   */
  send: (items: Item[], slot: number) => Promise<(Answer | Error)[]>;
  /** How many calls go at a time. */
  slots: number;
  /** A call ends when its items have this size together. */
  maxSize: number;
  /** Runs something at the end of a turn of the event loop; default setImmediate. */
  later?: (run: () => void) => void;
  /** Default 1 each. */
  sizeOf?: (item: Item) => number;
}

/**
 * What is asked within a turn of the event loop, or while all slots are busy, goes as one call: the busier it is, the
 * more go together. Nothing is dropped; each item hears its own answer.
 */
export class Lane<Item, Answer> {
  readonly #options: LaneOptions<Item, Answer>;
  readonly #free: number[];
  #line: Waiting<Item, Answer>[] = [];
  #isPlanned = false;
  #idle: PromiseWithResolvers<void> | undefined;

  constructor(options: LaneOptions<Item, Answer>) {
    this.#options = options;
    this.#free = Array.from({ length: options.slots }, (_, slot) => slot);
  }

  add(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#line.push({ item, resolve, reject });
      this.#plan();
    });
  }

  /** Resolves when all that was asked has its answer. */
  async settled(): Promise<void> {
    if (this.#isIdle) return;
    this.#idle ??= Promise.withResolvers();
    await this.#idle.promise;
  }

  get #isIdle(): boolean {
    return this.#line.length === 0 && this.#free.length === this.#options.slots;
  }

  #plan(): void {
    if (this.#isPlanned || this.#line.length === 0 || this.#free.length === 0) return;
    this.#isPlanned = true;
    const { later = setImmediate } = this.#options;
    later(() => {
      this.#isPlanned = false;
      const slot = this.#free.pop();
      if (slot === undefined) return;
      void this.#send(this.#next(), slot);
      this.#plan();
    });
  }

  #next(): Waiting<Item, Answer>[] {
    const { maxSize, sizeOf } = this.#options;
    let size = 0;
    const count = sizeOf
      ? this.#line.findIndex(({ item }) => (size += sizeOf(item)) > maxSize)
      : this.#line.length > maxSize
        ? maxSize
        : -1;
    if (count >= 0) return this.#line.splice(0, Math.max(1, count));
    const all = this.#line;
    this.#line = [];
    return all;
  }

  async #send(batch: Waiting<Item, Answer>[], slot: number): Promise<void> {
    try {
      const answers = await this.#options.send(
        batch.map(({ item }) => item),
        slot,
      );
      batch.forEach(({ resolve, reject }, index) => {
        const answer = answers[index];
        if (answer instanceof Error) reject(answer);
        else resolve(answer as Answer);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    this.#free.push(slot);
    this.#plan();
    if (!this.#isIdle) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }
}
