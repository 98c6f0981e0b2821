/** A value, at once or later: what need not be waited for costs no turn of the event loop's queues. */
export type Soon<T> = T | Promise<T>;

/** What `use` makes of the value: at once where it is there. */
export function after<T, R>(value: Soon<T>, use: (value: T) => Soon<R>): Soon<R> {
  return value instanceof Promise ? value.then(use) : use(value);
}
