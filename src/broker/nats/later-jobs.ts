import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { NatsLink } from "./nats-link.ts";
import { headersOf, type Delivery } from "./nats-message.ts";
import type { NatsNames } from "./nats-names.ts";
import type { NatsPublisher } from "./nats-publisher.ts";
import { LATER } from "./nats-streams.ts";
import { StandingPull } from "./pulls.ts";

const NANOS = 1_000_000;
const BATCH = 100;

/**
 * Moves delayed jobs to the ready ones when their time has come. The server holds them back meanwhile; whichever
 * process is there when it is time moves them, under a name that makes two moves one.
 */
export class LaterJobs implements AsyncDisposable {
  readonly #link: NatsLink;
  readonly #names: NatsNames;
  readonly #publisher: NatsPublisher;
  readonly #log: Logger;
  readonly #moving = new Set<Promise<void>>();
  readonly #pull: StandingPull;

  constructor(
    link: NatsLink,
    { names, publisher, log }: { names: NatsNames; publisher: NatsPublisher; log: Logger },
  ) {
    this.#link = link;
    this.#names = names;
    this.#publisher = publisher;
    this.#log = log;
    const wish = { stream: names.jobs, consumer: LATER, batch: BATCH };
    this.#pull = new StandingPull(link, wish, (delivery) => this.#take(delivery));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pull[Symbol.asyncDispose]();
    await Promise.all(this.#moving);
  }

  #take(delivery: Delivery): void {
    const leftMs = delivery.atMs - Date.now();
    if (leftMs > 0) {
      const word = `-NAK ${JSON.stringify({ delay: Math.ceil(leftMs) * NANOS })}`;
      return this.#link.tell(delivery.ackSubject, word);
    }
    const moving = this.#move(delivery)
      .catch((error: unknown) => {
        // The server delivers it again.
        const facts = { id: delivery.facts.id, reason: messageOf(error) };
        this.#log.warn("Cannot make a delayed job ready", facts);
      })
      .finally(() => this.#moving.delete(moving));
    this.#moving.add(moving);
  }

  async #move({ data, facts, msgId, ackSubject }: Delivery): Promise<void> {
    const headers = headersOf(facts, `d:${msgId}`);
    await this.#publisher.publish(this.#names.ready, { data, headers });
    this.#link.tell(ackSubject, "+ACK");
  }
}
