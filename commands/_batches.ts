/** How things are gathered. */
export interface BatchTerms {
  /** So many at most. */
  most: number;
  /** Nothing waits longer than this for more. */
  waitMs: number;
  /** What came until then is the last batch. */
  signal: AbortSignal;
}

/** Gathers what comes, in its order, into batches; a source that is slow, or stands still, holds nothing back. */
export async function* batchesOf<T>(
  source: AsyncIterable<T>,
  { most, waitMs, signal }: BatchTerms,
): AsyncGenerator<T[], void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  let coming: Promise<IteratorResult<T>> | undefined;
  for (let isOver = false; !isOver;) {
    const batch: T[] = [];
    const enough = Promise.withResolvers<undefined>();
    const stop = (): void => enough.resolve(undefined);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    let timer: NodeJS.Timeout | undefined;
    try {
      while (batch.length < most) {
        coming ??= iterator.next();
        const found = await Promise.race([coming, enough.promise]);
        if (!found) break;
        coming = undefined;
        isOver = found.done === true;
        if (isOver) break;
        batch.push(found.value as T);
        timer ??= setTimeout(stop, waitMs);
      }
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
    isOver ||= signal.aborted;
    if (batch.length > 0) yield batch;
  }
  coming?.catch(() => {}); // nobody waits for it any more
}
