import type { Msg } from "@nats-io/transport-node";
import { delay } from "../../core/wait.ts";
import type { DeadJob, QueueStats, SeenJob } from "../job.ts";
import type { Call, NatsLink } from "./nats-link.ts";
import { factsOf, lookOf, sequenceOf } from "./nats-message.ts";
import type { NatsNames } from "./nats-names.ts";
import { LATER, READY } from "./nats-streams.ts";

const READ: Pick<Call, "verb" | "patienceMs"> = { verb: "read", patienceMs: 5_000 };

const MOST_LOOKS = 4;
const LOOK_AGAIN_MS = 25;

interface StreamInfo {
  state: { messages: number; first_seq: number; last_seq: number };
}

interface ConsumerInfo {
  num_pending: number;
  num_ack_pending: number;
  delivered: { stream_seq: number };
}

/** Looks at a queue's streams without taking anything. */
export class NatsLooks {
  readonly #link: NatsLink;
  readonly #names: NatsNames;

  constructor(link: NatsLink, names: NatsNames) {
    this.#link = link;
    this.#names = names;
  }

  async stats(): Promise<QueueStats> {
    const { jobs, dead, ready: subject } = this.#names;
    const { ready, delayed, length } = await this.#counts();
    const buried = await this.#stream(dead);
    const from = ready.delivered.stream_seq + 1;
    const oldest =
      ready.num_pending > 0 ? await this.#after({ stream: jobs, subject, from }) : undefined;
    return {
      length,
      ready: ready.num_pending,
      delayed,
      leased: ready.num_ack_pending,
      dead: buried.state.messages,
      oldestMs: oldest && Math.max(0, Date.now() - factsOf(oldest, 0, Date.now()).pushedAtMs),
    };
  }

  /**
   * A consumer hears of a new message a moment after the stream has it. If the difference stays, these are messages
   * that were acknowledged: a server that was killed has them again, and delivers them to nobody.
   */
  async #counts(): Promise<{ ready: ConsumerInfo; delayed: number; length: number }> {
    for (let looks = 1; ; looks++) {
      const [all, ready, later] = await Promise.all([
        this.#stream(this.#names.jobs),
        this.#consumer(READY),
        this.#consumer(LATER),
      ]);
      const delayed = later.num_pending + later.num_ack_pending;
      const known = ready.num_pending + ready.num_ack_pending + delayed;
      // NATS 2.9 may count one as not delivered yet that is, until it is acknowledged.
      const tooMany = Math.max(0, known - all.state.messages);
      ready.num_pending = Math.max(0, ready.num_pending - tooMany);
      if (known >= all.state.messages || looks === MOST_LOOKS)
        return { ready, delayed, length: known - tooMany };
      await delay(LOOK_AGAIN_MS);
    }
  }

  async peek(max: number): Promise<SeenJob[]> {
    const { jobs, ready, later } = this.#names;
    const { delivered } = await this.#consumer(READY);
    const seen: SeenJob[] = [];
    const see = async (state: SeenJob["state"], subject: string, from: number): Promise<void> => {
      for await (const message of this.#each({ stream: jobs, subject, from })) {
        if (seen.length >= max) return;
        if (state === "leased" && sequenceOf(message) > delivered.stream_seq) return;
        seen.push({ ...lookOf(message, state === "leased" ? 1 : 0), state });
      }
    };
    await see("ready", ready, delivered.stream_seq + 1);
    await see("delayed", later, 1);
    await see("leased", ready, 1);
    return seen;
  }

  async dead(max: number): Promise<DeadJob[]> {
    const jobs: DeadJob[] = [];
    if (max <= 0) return jobs;
    for await (const message of this.deadMessages()) {
      const attempt = Number(message.headers?.get("Ding-Attempt") ?? 1);
      const diedAtMs = Number(message.headers?.get("Ding-Died") ?? 0);
      jobs.push({ ...lookOf(message, attempt), diedAtMs });
      if (jobs.length >= max) break;
    }
    return jobs;
  }

  /** Those that are dead now, the oldest first. */
  async *deadMessages(): AsyncGenerator<Msg> {
    const { dead, buried } = this.#names;
    const { state } = await this.#stream(dead);
    if (state.messages === 0) return;
    const wish = { stream: dead, subject: buried, from: state.first_seq };
    for await (const message of this.#each(wish)) {
      if (sequenceOf(message) > state.last_seq) return;
      yield message;
    }
  }

  async *#each(wish: { stream: string; subject: string; from: number }): AsyncGenerator<Msg> {
    for (let from = Math.max(1, wish.from); ;) {
      const message = await this.#after({ ...wish, from });
      if (!message) return;
      yield message;
      from = sequenceOf(message) + 1;
    }
  }

  /** The first message with this number or a later one. */
  async #after(wish: { stream: string; subject: string; from: number }): Promise<Msg | undefined> {
    const data = JSON.stringify({ seq: wish.from, next_by_subj: wish.subject });
    const subject = `$JS.API.DIRECT.GET.${wish.stream}`;
    const message = await this.#link.ask(subject, { ...READ, data });
    return message.headers?.code ? undefined : message;
  }

  #stream(name: string): Promise<StreamInfo> {
    return this.#link.api<StreamInfo>(`$JS.API.STREAM.INFO.${name}`, READ);
  }

  #consumer(name: string): Promise<ConsumerInfo> {
    return this.#link.api<ConsumerInfo>(`$JS.API.CONSUMER.INFO.${this.#names.jobs}.${name}`, READ);
  }
}
