import type { Subscription } from "@nats-io/transport-node";
import type { Logger } from "../../core/log.ts";
import type { Outgoing, PubSubDriver, PubSubHooks } from "../pubsub/pubsub-driver.ts";
import { NatsLink, type NatsAddress } from "./nats-link.ts";

/** One try of a call; the callers try again for ever. */
const CALL = { verb: "use", patienceMs: 20_000 };
const MOST_BYTES = 1024 * 1024;

/** Publish and subscribe with NATS core: no JetStream is needed. NATS cuts off a listener that does not keep up. */
export class NatsPubSubDriver implements PubSubDriver {
  readonly #link: NatsLink;
  readonly #subscriptions = new Map<string, Subscription>();
  #hooks: PubSubHooks | undefined;
  /** By topic: the server does not let this user hear it. */
  readonly #refusals = new Map<string, Error>();

  constructor(address: NatsAddress, log: Logger) {
    this.#link = new NatsLink(address, log, {
      thing: "broker",
      noEcho: true,
      onChange: (state) => this.#change(state),
      onRefused: ({ message }) => log.error("The broker refuses what is said", { reason: message }),
    });
  }

  get maxFrameBytes(): number {
    return Math.min(MOST_BYTES, this.#link.maxBytes);
  }

  async open(hooks: PubSubHooks): Promise<void> {
    this.#hooks = hooks;
    await this.#link.open();
  }

  async send(batch: readonly Outgoing[]): Promise<void> {
    await this.#link.run(async () => {
      const { connection } = this.#link;
      for (const { topic, frame } of batch) connection.publish(topic, frame);
      await connection.flush();
    }, CALL);
  }

  async listen(topic: string): Promise<void> {
    const { connection } = this.#link;
    if (!this.#subscriptions.has(topic)) {
      const subscription = connection.subscribe(topic, {
        callback: (error, message) => {
          if (error) this.#refusals.set(topic, error);
          else this.#hooks?.message(topic, message.data);
        },
      });
      this.#subscriptions.set(topic, subscription); // its client says it again after a break
    }
    await this.#link.run(async () => {
      await connection.flush();
      const refusal = this.#refusals.get(topic);
      if (refusal) throw refusal;
    }, CALL);
  }

  async unlisten(topic: string): Promise<void> {
    this.#subscriptions.get(topic)?.unsubscribe();
    this.#subscriptions.delete(topic);
    this.#refusals.delete(topic);
  }

  /** It is up when the server has heard of all subscriptions again. */
  #change(state: "up" | "down"): void {
    if (state === "down") return this.#hooks?.change(state);
    const heard = this.#link.connection.flush().then(() => this.#hooks?.change(state));
    heard.catch(() => {}); // it broke again: the next time tells
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#link[Symbol.asyncDispose]();
  }
}
