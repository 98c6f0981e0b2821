/** Reads at most once in a turn of the event loop, so that all that is told together fits together. */
export function oncePerTurn<T extends object>(read: () => T): () => T {
  let last: T | undefined;
  return () => {
    if (!last) {
      last = read();
      queueMicrotask(() => (last = undefined));
    }
    return last;
  };
}
