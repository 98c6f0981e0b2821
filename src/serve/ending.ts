/** What something comes to, once. Who listens hears it at once, without a turn of the event loop's queues between. */
export class Ending<T> {
  #value: { readonly of: T } | undefined;
  #first: ((value: T) => void) | undefined;
  #others: ((value: T) => void)[] | undefined;

  /** Tells everybody who listens, in their order; they must not throw. Called once. */
  end(value: T): void {
    this.#value = { of: value };
    const [first, others] = [this.#first, this.#others];
    this.#first = this.#others = undefined;
    first?.(value);
    for (const other of others ?? []) other(value);
  }

  /** Calls back when it has ended, at once if it has already. */
  hear(listener: (value: T) => void): void {
    if (this.#value) listener(this.#value.of);
    else if (this.#first) (this.#others ??= []).push(listener);
    else this.#first = listener;
  }
}
