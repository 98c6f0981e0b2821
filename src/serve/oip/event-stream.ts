/** A stream of server-sent events that its reader pulls. */
export interface EventStreamOptions {
  /** The data of the events, one line each; the first is there already. */
  first: IteratorResult<string, unknown>;
  rest: AsyncGenerator<string>;
  /** The data of the event that ends a stream that fails. */
  onError: (thrown: unknown) => string;
  /** The reader is gone. */
  onCancel: () => void;
}

const encoder = new TextEncoder();

/**
 * Server-sent events as fast as they are read: an event is asked for when the socket has room, and no other is kept.
 * What a reader that is too slow costs is decided where the events come from.
 */
export function eventStream(options: EventStreamOptions): ReadableStream<Uint8Array> {
  const { rest, onError, onCancel } = options;
  let first: IteratorResult<string, unknown> | undefined = options.first;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = first ?? (await rest.next());
        first = undefined;
        if (done) return controller.close();
        controller.enqueue(event(value));
      } catch (thrown) {
        controller.enqueue(event(onError(thrown)));
        controller.close();
      }
    },
    cancel() {
      onCancel();
      rest.return(undefined).catch(() => {}); // nobody is left to be told
    },
  });
}

function event(data: string): Uint8Array {
  return encoder.encode(`data: ${data}\n\n`);
}
