import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Capability, CheckedJob, Driver, DriverTerms } from "../driver.ts";
import type { PurgeScope, RetryTerms, Taken } from "../driver.ts";
import { withReason, type DeadJob, type Job, type Lease, type Pushed } from "../job.ts";
import type { QueueStats, SeenJob } from "../job.ts";
import { expiredError } from "../queue-faults.ts";
import { acknowledgeGone } from "./gone-messages.ts";
import { HeldJobs, type Held } from "./held-jobs.ts";
import { LaterJobs } from "./later-jobs.ts";
import { NatsLink, type NatsAddress } from "./nats-link.ts";
import { factsOf, headersOf, sequenceOf, type Delivery, type Note } from "./nats-message.ts";
import { natsNames, type NatsNames } from "./nats-names.ts";
import { NatsLooks } from "./nats-looks.ts";
import { NatsNotes } from "./nats-notes.ts";
import { NatsPublisher } from "./nats-publisher.ts";
import { ACK_WAIT_MS, openStreams, READY } from "./nats-streams.ts";
import { NatsWatch } from "./nats-watch.ts";
import { pullNow, type Pulled } from "./pulls.ts";

export interface NatsDriverOptions {
  address: NatsAddress;
  /** The queue's name. */
  queue: string;
  clock: Clock;
  log: Logger;
}

const READ_PATIENCE_MS = 5_000;
const WRITE = { verb: "write to", patienceMs: 30_000 };
const NANOS = 1_000_000;

/**
 * A queue in NATS JetStream: `nats://HOST:PORT?queue=NAME`: a work-queue stream, read by one pull consumer. The
 * server knows no owner of a delivery: leases are kept by the process that has them, and refuse there what is late.
 */
export class NatsDriver implements Driver {
  readonly can: ReadonlySet<Capability> = new Set<Capability>([
    "lease",
    "delay",
    "key",
    "dead",
    "peek",
  ]);
  readonly #options: NatsDriverOptions;
  readonly #terms: DriverTerms;
  readonly #names: NatsNames;
  readonly #link: NatsLink;
  readonly #publisher: NatsPublisher;
  readonly #notes: NatsNotes;
  readonly #looks: NatsLooks;
  readonly #held: HeldJobs;
  readonly #watch: NatsWatch;
  #takes = 0;

  constructor(options: NatsDriverOptions, terms: DriverTerms) {
    const { address, queue, clock, log } = options;
    this.#options = options;
    this.#terms = terms;
    const names = natsNames(queue);
    this.#names = names;
    const onChange = (state: "up" | "down"): void => {
      if (state === "up") void this.#unblock().then(() => this.#watch.nudge());
    };
    const link = new NatsLink(address, log, { onChange });
    this.#link = link;
    const publisher = new NatsPublisher(link, names, terms);
    this.#publisher = publisher;
    this.#notes = new NatsNotes(link, names);
    this.#looks = new NatsLooks(link, names);
    this.#held = new HeldJobs(clock, (subject, word) => link.tell(subject, word));
    this.#watch = new NatsWatch(link, {
      names,
      clock,
      helper: () => new LaterJobs(link, { names, publisher, log }),
      giveBack: (delivery) => this.#giveBack(delivery),
    });
  }

  async open(): Promise<void> {
    const { keyWindowMs } = this.#terms;
    try {
      await this.#link.open();
      const { replicas } = this.#options.address;
      await openStreams(this.#link, this.#names, { keyWindowMs, replicas });
    } catch (error) {
      await this.#link[Symbol.asyncDispose]();
      throw error;
    }
  }

  push(jobs: readonly CheckedJob[]): Promise<Pushed[]> {
    return this.#publisher.push(jobs);
  }

  async take(max: number, leaseMs: number): Promise<Taken> {
    const came = this.#watch.takeInHand(max);
    if (came.length < max) {
      const cameMs = performance.now();
      const more = await this.#pull(max - came.length).catch((error) => {
        if (came.length === 0) throw error;
        return []; // what is in hand is not lost for that
      });
      came.push(...more.map((delivery) => ({ delivery, cameMs })));
    }
    const jobs = await Promise.all(
      came.map(({ delivery, cameMs }) => this.#hold(delivery, { leaseMs, cameMs })),
    );
    if (came.length < max) this.#watch.arm();
    return { jobs: jobs.filter((job) => job !== undefined) };
  }

  async ack(lease: Lease): Promise<void> {
    const held = this.#heldBy(lease, "acknowledge");
    await this.#say(held, "+ACK", lease);
    if (held.delivery.count > 1) this.#notes.forget(held.delivery.seq);
  }

  async extend(lease: Lease, leaseMs: number): Promise<void> {
    const held = this.#heldBy(lease, "extend the lease of");
    const askedMs = performance.now();
    await this.#ask(held, "+WPI", lease);
    held.servedUntilMs = askedMs + ACK_WAIT_MS;
    held.endsAtMs = askedMs + leaseMs;
    this.#held.delete(lease.receipt);
    this.#held.add(lease.receipt, held);
  }

  async retry(lease: Lease, { delayMs, reason }: RetryTerms): Promise<"retried" | "dead"> {
    const held = this.#heldBy(lease, "retry");
    if (held.attempt >= this.#terms.maxAttempts) {
      await this.#bury(held, reason, lease);
      return "dead";
    }
    const reasons = withReason(held.note.reasons, reason);
    await this.#note(held, { reasons });
    const delay = delayMs > 0 ? ` ${JSON.stringify({ delay: Math.ceil(delayMs) * NANOS })}` : "";
    await this.#say(held, `-NAK${delay}`, lease);
    return "retried";
  }

  async release(lease: Lease): Promise<void> {
    const held = this.#heldBy(lease, "release");
    await this.#note(held, { skipped: held.note.skipped + 1 });
    await this.#say(held, "-NAK", lease);
  }

  async deadLetter(lease: Lease, reason: string): Promise<void> {
    await this.#bury(this.#heldBy(lease, "give up"), reason, lease);
  }

  stats(): Promise<QueueStats> {
    return this.#looks.stats();
  }

  peek(max: number): Promise<SeenJob[]> {
    return this.#looks.peek(max);
  }

  dead(max: number): Promise<DeadJob[]> {
    return this.#looks.dead(max);
  }

  async redrive(ids: readonly string[] | undefined): Promise<number> {
    const { ready, dead } = this.#names;
    const wanted = ids && new Set(ids);
    let count = 0;
    for await (const message of this.#looks.deadMessages()) {
      const seq = sequenceOf(message);
      const facts = factsOf(message, seq, Date.now());
      if (wanted && !wanted.has(facts.id)) continue;
      const name = `r:${message.headers?.get("Ding-Died")}:${seq}`;
      await this.#publisher.publish(ready, { data: message.data, headers: headersOf(facts, name) });
      const data = JSON.stringify({ seq, no_erase: true });
      await this.#link.api(`$JS.API.STREAM.MSG.DELETE.${dead}`, { ...WRITE, data });
      count++;
    }
    return count;
  }

  async purge(scope: PurgeScope): Promise<number> {
    const purge = (stream: string): Promise<{ purged: number }> =>
      this.#link.api(`$JS.API.STREAM.PURGE.${stream}`, WRITE);
    if (scope === "dead") return (await purge(this.#names.dead)).purged;
    const { purged } = await purge(this.#names.jobs);
    await purge(this.#names.notes);
    // NATS 2.9 counts its consumers' messages anew when it is asked, and lets a pull hang that comes before.
    await this.#looks.stats();
    return purged;
  }

  watch(nudge: () => void): Disposable {
    return this.#watch.watch(nudge);
  }

  hurry(): void {
    this.#link.hurry();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch[Symbol.asyncDispose]();
    this.#held.clear();
    await this.#link[Symbol.asyncDispose]();
  }

  async #pull(max: number): Promise<Delivery[]> {
    const wish = { stream: this.#names.jobs, consumer: READY, max };
    const pulling = { verb: "take from", patienceMs: READ_PATIENCE_MS };
    const pull = (): Promise<Pulled> => this.#link.run(() => pullNow(this.#link, wish), pulling);
    const first = await pull();
    if (!first.isSilent) return first.got;
    await this.#unblock();
    return first.got.length > 0 ? first.got : (await pull()).got;
  }

  /** Never rejects: where it fails, what waits behind goes on waiting. */
  async #unblock(): Promise<void> {
    try {
      await acknowledgeGone(this.#link, this.#names);
    } catch (error) {
      this.#options.log.debug("Cannot acknowledge what has gone", { reason: messageOf(error) });
    }
  }

  /** The job under its lease; undefined if it has had its last attempt before. */
  async #hold(
    delivery: Delivery,
    { leaseMs, cameMs }: { leaseMs: number; cameMs: number },
  ): Promise<Job | undefined> {
    const note = await this.#notes.read(delivery);
    const { seq, count, data, facts } = delivery;
    const attempt = count - note.skipped;
    const receipt = `${seq}:${count}:${++this.#takes}`;
    const endsAtMs = performance.now() + leaseMs;
    const held: Held = { delivery, attempt, note, endsAtMs, servedUntilMs: cameMs + ACK_WAIT_MS };
    if (attempt > this.#terms.maxAttempts) {
      const reason = note.reasons.pop() ?? "";
      await this.#bury({ ...held, attempt: attempt - 1 }, reason, { id: facts.id, receipt });
      return undefined;
    }
    this.#held.add(receipt, held);
    return { ...facts, receipt, value: data.slice(), priority: 0, attempt, reasons: note.reasons };
  }

  #heldBy(lease: Lease, verb: string): Held {
    const held = this.#held.get(lease.receipt);
    if (!held) throw expiredError(verb, lease);
    return held;
  }

  async #note(held: Held, more: Partial<Note>): Promise<void> {
    const { count, seq } = held.delivery;
    await this.#notes.write(seq, { ...held.note, ...more, delivery: count });
  }

  /** The last word on a delivery. */
  async #say(held: Held, word: string, lease: Lease): Promise<void> {
    await this.#ask(held, word, lease);
    this.#held.delete(lease.receipt);
  }

  /** Says it while the lease holds, and no later. */
  async #ask(
    { delivery, endsAtMs, servedUntilMs }: Held,
    word: string,
    lease: Lease,
  ): Promise<void> {
    const patienceMs = Math.min(endsAtMs, servedUntilMs) - performance.now();
    if (patienceMs <= 0) throw expiredError("finish", lease);
    await this.#link.ask(delivery.ackSubject, { verb: "write to", patienceMs, data: word });
  }

  async #bury(held: Held, reason: string, lease: Lease): Promise<void> {
    const { data, facts, msgId, seq } = held.delivery;
    const reasons = withReason(held.note.reasons, reason);
    const headers = {
      ...headersOf({ ...facts, reasons }, `b:${seq}:${msgId}`),
      "Ding-Attempt": `${held.attempt}`,
      "Ding-Died": `${Date.now()}`,
    };
    await this.#publisher.publish(this.#names.buried, { data, headers });
    await this.#say(held, "+TERM", lease);
    this.#notes.forget(seq);
  }

  /** The server brought it, and nobody waits any more. */
  async #giveBack(delivery: Delivery): Promise<void> {
    const note = await this.#notes.read(delivery);
    note.skipped++;
    await this.#notes.write(delivery.seq, { ...note, delivery: delivery.count });
    this.#link.tell(delivery.ackSubject, "-NAK");
  }
}
