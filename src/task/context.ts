/**
 * What the middlewares of one step hand on to each other. The next step gets a new one: the number of the step goes up,
 * kept fields stay, all others are as the class makes them. A class of your own extends it and needs no arguments.
 */
export class Context {
  /** How many steps went before this one. */
  totalStep = 0;
  readonly #kept = new Set<string>();

  /** These fields go on into the next step. */
  keep(...keys: string[]): this {
    for (const key of keys) this.#kept.add(key);
    return this;
  }

  /** The context of the next step. */
  renew(): this {
    const Made = this.constructor as new () => this;
    const next = new Made();
    next.keep(...this.#kept);
    for (const key of this.#kept) {
      if (Object.hasOwn(this, key)) Reflect.set(next, key, Reflect.get(this, key));
    }
    next.totalStep = this.totalStep + 1;
    return next;
  }
}
