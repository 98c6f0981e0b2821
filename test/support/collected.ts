/**
 * How many of these are gone after a garbage collection. A few may stay for as long as the stack still shows them; what
 * was referred to in this turn stays until the next: ask again.
 */
export function collected(refs: readonly WeakRef<object>[]): number {
  Bun.gc(true);
  return refs.filter((ref) => ref.deref() === undefined).length;
}
