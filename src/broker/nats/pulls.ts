import type { Msg } from "@nats-io/transport-node";
import { DingError } from "../../core/errors.ts";
import { abortable, within } from "../../core/wait.ts";
import { deliveryOf, type Delivery } from "./nats-message.ts";
import type { NatsLink } from "./nats-link.ts";

const NANOS = 1_000_000;
/** A pull that waits is asked anew so often. */
const WAIT_MS = 20_000;
const ANSWER_MS = 5_000;
const SILENCE_MS = 1_000;

function nextSubject(stream: string, consumer: string): string {
  return `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
}

/** Status messages have no subject of a stream behind them. */
function isDelivery(message: Msg): boolean {
  return message.reply?.startsWith("$JS.ACK.") ?? false;
}

/** What a pull has brought. */
export interface Pulled {
  readonly got: Delivery[];
  /** The server has said no end for a while. */
  readonly isSilent: boolean;
}

/** What is there now, at most `max`. Rejects when the connection breaks; what came comes again later. */
export async function pullNow(
  link: NatsLink,
  { stream, consumer, max }: { stream: string; consumer: string; max: number },
): Promise<Pulled> {
  const { connection } = link;
  const got: Delivery[] = [];
  let isSilent = false;
  const done = Promise.withResolvers<void>();
  const inbox = `_INBOX.${crypto.randomUUID().replaceAll("-", "")}`;
  const subscription = connection.subscribe(inbox, {
    callback: (error, message) => {
      if (error) return done.reject(error);
      if (!isDelivery(message)) return done.resolve();
      got.push(deliveryOf(message));
      if (got.length === max) done.resolve();
    },
  });
  try {
    const wish = JSON.stringify({ batch: max, no_wait: true });
    connection.publish(nextSubject(stream, consumer), wish, { reply: inbox });
    const ended = within(done.promise, SILENCE_MS, "the end").catch((error: unknown) => {
      isSilent = DingError.from(error).code === "wait.timeout";
      if (got.length === 0 && !isSilent) throw error;
      return subscription.drain(); // hears what is on its way
    });
    await abortable(ended, link.session);
    return { got, isSilent };
  } finally {
    subscription.unsubscribe();
  }
}

/** How much a standing wish asks for. */
export interface Wish {
  stream: string;
  consumer: string;
  batch: number;
  /** It is fulfilled by the first delivery: so there is nothing to take back. Default: until it is disposed. */
  isOnce?: boolean;
}

/**
 * A standing wish for what comes next: `each` hears of every delivery, until the disposal; of those too that the
 * server sends meanwhile. One that crosses with the disposal may be lost on the way: the server gives it again when
 * nobody has said anything about it for its ack wait.
 */
export class StandingPull implements AsyncDisposable {
  readonly #link: NatsLink;
  readonly #subject: string;
  readonly #batch: number;
  readonly #isOnce: boolean;
  readonly #each: (delivery: Delivery) => void;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    link: NatsLink,
    { stream, consumer, batch, isOnce = false }: Wish,
    each: (delivery: Delivery) => void,
  ) {
    this.#link = link;
    this.#subject = nextSubject(stream, consumer);
    this.#batch = batch;
    this.#isOnce = isOnce;
    this.#each = each;
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let got = 0;
    while (!signal.aborted && !(this.#isOnce && got > 0)) {
      const asking = this.#link.run(() => this.#ask(), { verb: "wait for", patienceMs: WAIT_MS });
      got += await asking.catch(() => 0); // it is asked again
    }
  }

  /** Gives the number that came, when the server has given what was wished, or says that the time is over. */
  async #ask(): Promise<number> {
    const { connection, session } = this.#link;
    const { signal } = this.#stop;
    if (signal.aborted) return 0;
    const done = Promise.withResolvers<void>();
    let got = 0;
    const inbox = `_INBOX.${crypto.randomUUID().replaceAll("-", "")}`;
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return done.reject(error);
        if (!isDelivery(message)) return done.resolve();
        this.#each(deliveryOf(message));
        if (++got === this.#batch) done.resolve();
      },
    });
    const leave = (): void => done.resolve();
    signal.addEventListener("abort", leave, { once: true });
    try {
      const wish = JSON.stringify({ batch: this.#batch, expires: WAIT_MS * NANOS });
      connection.publish(this.#subject, wish, { reply: inbox });
      await within(abortable(done.promise, session), WAIT_MS + ANSWER_MS, "the server's jobs");
      return got;
    } finally {
      signal.removeEventListener("abort", leave);
      // Hears what is on its way.
      if (session.aborted) subscription.unsubscribe();
      else await subscription.drain().catch(() => {}); // the connection breaks: nothing comes any more
    }
  }
}
