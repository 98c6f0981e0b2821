import { DingError, errorOf } from "../../core/errors.ts";
import { silentLogger, type Logger } from "../../core/log.ts";
import { backoffMs } from "../../core/retry.ts";
import { abortable, delay, within } from "../../core/wait.ts";
import { HEADER_BYTES, newSender, packFrame } from "./frame.ts";
import { Outbox, type OutboxLimits } from "./outbox.ts";
import type { PubSubDriver } from "./pubsub-driver.ts";
import type { PubSub, PubSubOptions, TopicHandler } from "./pubsub.ts";
import { Topics } from "./topics.ts";

const DEFAULTS = {
  waiting: { messages: 65_536, bytes: 64 * 1024 * 1024 },
  maxMessageBytes: 1024 ** 3,
  drainMs: 2_000,
  maxSenders: 4_096,
};
const AGAIN = { minMs: 50, maxMs: 2_000, jitter: 0.5 };
/** Letters that every kind of broker can have in a topic, and that mean nothing to it. */
const TOPIC = /^[\w-]+(?:\.[\w-]+)*$/;
const LONGEST_TOPIC = 200;
const ROOM = Promise.resolve();

/** What all brokers have in common: what waits, what was heard before, and the end. */
export class BrokerPubSub implements PubSub {
  readonly url: string;
  readonly #driver: PubSubDriver;
  readonly #limits: OutboxLimits;
  readonly #maxMessageBytes: number;
  readonly #drainMs: number;
  readonly #onChange: (state: "up" | "down") => void;
  readonly #log: Logger;
  readonly #sender = newSender();
  readonly #topics: Topics;
  readonly #outbox: Outbox;
  /** The latest frame of each topic. */
  readonly #seqs = new Map<string, number>();
  readonly #stop = new AbortController();
  #room: PromiseWithResolvers<void> | undefined;
  #pumping: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isStarted = false;
  #isUp = false;

  constructor(url: string, driver: PubSubDriver, options: PubSubOptions = {}) {
    this.url = url;
    this.#driver = driver;
    this.#limits = options.waiting ?? DEFAULTS.waiting;
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULTS.maxMessageBytes;
    this.#drainMs = options.drainMs ?? DEFAULTS.drainMs;
    this.#onChange = options.onChange ?? (() => {});
    this.#log = options.log ?? silentLogger;
    this.#outbox = new Outbox(this.#limits);
    this.#topics = new Topics({
      sender: this.#sender,
      maxMessageBytes: this.#maxMessageBytes,
      maxSenders: DEFAULTS.maxSenders,
      log: this.#log,
    });
  }

  /** Connects once; rejects if that fails, with all released again. */
  async start(): Promise<this> {
    try {
      await this.#driver.open({
        message: (topic, frame) => this.#topics.arrived(topic, frame),
        change: (state) => this.#change(state),
      });
    } catch (error) {
      await this.close();
      throw brokerFault(error);
    }
    this.#isUp = this.#isStarted = true;
    return this;
  }

  get isUp(): boolean {
    return this.#isUp && !this.#closing;
  }

  publish(topic: string, payload: Uint8Array): Promise<void> {
    try {
      checkTopic(topic);
      this.#checkOpen("publish");
      this.#checkSize(payload.length);
      if (!this.#outbox.takes(payload.length)) throw this.#fullError();
    } catch (error) {
      return Promise.reject(error as Error);
    }
    this.#outbox.add(this.#framesOf(topic, payload));
    this.#pumping ??= this.#pump();
    if (this.#outbox.hasRoom) return ROOM;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  async subscribe(topic: string, handler: TopicHandler): Promise<AsyncDisposable> {
    checkTopic(topic);
    this.#checkOpen("subscribe");
    // A function of its own, so that the same one may listen twice.
    const own: TopicHandler = (payload) => handler(payload);
    this.#topics.add(topic, own);
    let isOver = false;
    const leave = async (): Promise<void> => {
      if (isOver) return;
      isOver = true;
      if (!this.#topics.remove(topic, own) || this.#closing) return;
      await this.#driver.unlisten(topic).catch(() => {}); // what comes still finds no handler
    };
    try {
      await this.#listen(topic);
    } catch (error) {
      await leave();
      throw brokerFault(error);
    }
    return { [Symbol.asyncDispose]: leave };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const drained = within(this.#pumping ?? ROOM, this.#isUp ? this.#drainMs : 0, "the broker");
    await drained.catch(() => this.#sayLost());
    this.#stop.abort(closedError("wait"));
    this.#room?.resolve();
    await this.#driver[Symbol.asyncDispose]();
    await this.#pumping;
  }

  async #listen(topic: string): Promise<void> {
    const { signal } = this.#stop;
    for (let tries = 1; ; tries++) {
      try {
        return await abortable(this.#driver.listen(topic), signal);
      } catch (error) {
        if (signal.aborted || !DingError.from(error).retryable) throw error;
        await delay(backoffMs(AGAIN, tries), signal);
      }
    }
  }

  /** While something waits. */
  async #pump(): Promise<void> {
    const { signal } = this.#stop;
    await ROOM; // what is published in this turn goes together
    for (let failures = 0; !this.#outbox.isEmpty && !signal.aborted;) {
      const batch = this.#outbox.batch();
      try {
        await abortable(this.#driver.send(batch), signal);
        failures = 0;
      } catch (error) {
        const fault = brokerFault(error);
        if (signal.aborted) break;
        if (failures++ === 0 || !fault.retryable) this.#sayFault(fault, batch.length);
        await delay(backoffMs(AGAIN, failures), signal).catch(() => {}); // the loop sees it
        if (fault.retryable) continue;
      }
      this.#outbox.sent(batch.length);
      if (this.#outbox.hasRoom) this.#giveRoom();
    }
    this.#pumping = undefined;
  }

  #giveRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  #framesOf(topic: string, payload: Uint8Array): { topic: string; frame: Uint8Array }[] {
    const partBytes = this.#driver.maxFrameBytes - HEADER_BYTES;
    let seq = this.#seqs.get(topic) ?? 0;
    const frames = [];
    for (let at = 0; at === 0 || at < payload.length; at += partBytes) {
      const body = payload.subarray(at, at + partBytes);
      const ends = { isFirst: at === 0, isLast: at + partBytes >= payload.length };
      frames.push({
        topic,
        frame: packFrame({ sender: this.#sender, seq: (seq += 1), ...ends, body }),
      });
    }
    this.#seqs.set(topic, seq);
    return frames;
  }

  #change(state: "up" | "down"): void {
    const isUp = state === "up";
    if (isUp === this.#isUp || !this.#isStarted) return;
    this.#isUp = isUp;
    if (!this.#closing) this.#onChange(state);
  }

  #checkOpen(verb: string): void {
    if (this.#closing) throw closedError(verb);
  }

  #checkSize(bytes: number): void {
    if (bytes <= this.#maxMessageBytes) return;
    const text = `Cannot publish: the message has ${bytes} bytes, more than ${this.#maxMessageBytes}`;
    throw new DingError("usage.invalid-input", text, {
      hint: "Publish less at a time, or raise maxMessageBytes here and where it is heard.",
    });
  }

  #fullError(): DingError {
    const { messages, bytes } = this.#limits;
    const text = `Cannot publish: more than ${messages} messages or ${bytes} bytes wait for the broker`;
    return new DingError("queue.full", this.isUp ? text : `${text}, which is away`, {
      hint: "Await each publish: it waits for room.",
      details: { messages: this.#outbox.messages },
    });
  }

  #sayFault(fault: DingError, frames: number): void {
    const facts = { broker: this.url, reason: fault.message };
    if (fault.retryable) this.#log.warn("Cannot publish, trying again", facts);
    else this.#log.error("The broker takes no messages: they are lost", { ...facts, frames });
  }

  #sayLost(): void {
    const facts = { broker: this.url, messages: this.#outbox.messages };
    this.#log.warn("Closed before the broker had all messages", facts);
  }
}

/** The links speak of queues, for which they are made. */
function brokerFault(error: unknown): DingError {
  const { code, message, hint, details, cause } = DingError.from(error);
  return errorOf(code, message.replace(/ queue "/, ' broker "'), { hint, details, cause });
}

function closedError(verb: string): DingError {
  return new DingError(
    "service.stopping",
    `Cannot ${verb}: the connection to the broker is closed`,
  );
}

function checkTopic(topic: string): void {
  if (topic.length <= LONGEST_TOPIC && TOPIC.test(topic)) return;
  throw new DingError("usage.invalid-input", `Cannot use topic "${topic}": it has other letters`, {
    hint: `Letters, digits, dashes and underscores, in words with dots between: at most ${LONGEST_TOPIC}.`,
  });
}
