import { Inflow } from "./inflow.ts";

/**
 * Begins work for each item of a source and gives the outcomes in the order of
 * the items, as soon as they can be given. So many are begun and not yet taken
 * at most. `begin` never rejects. What the source throws comes after the outcomes before it.
 */
export async function* inOrder<T, R>(
  source: AsyncIterable<T>,
  begin: (item: T, index: number) => Promise<R>,
  most: number,
): AsyncGenerator<R, void, undefined> {
  const begun = new Inflow<Promise<R>>();
  let room = most;
  let isLeft = false;
  let wake: (() => void) | undefined;
  const items = source[Symbol.asyncIterator]();
  const feed = async (): Promise<void> => {
    for (let index = 0; ; index++) {
      const { done, value } = await items.next();
      if (done === true || isLeft) return;
      begun.put(begin(value, index), 0);
      room -= 1;
      while (room <= 0 && !isLeft) await new Promise<void>((resolve) => (wake = resolve));
      if (isLeft) return;
    }
  };
  void feed().then(
    () => begun.end(),
    (thrown: unknown) => begun.end(thrown),
  );
  try {
    for (let next = await begun.take(); next; next = await begun.take()) {
      yield await next.value;
      room += 1;
      wake?.();
    }
  } finally {
    isLeft = true;
    wake?.();
    // One that waits for what may never come hears that nobody does any more.
    void Promise.resolve(items.return?.()).catch(() => {});
  }
}
