import { systemClock, type Clock } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { within } from "../core/wait.ts";
import { everyStep } from "./every-step.ts";
import { otlpEndpoint } from "./otlp-endpoint.ts";
import { OtlpExporter } from "./otlp-exporter.ts";
import type { OtlpSource } from "./otlp-spans.ts";
import type { SpanFacts } from "./span-facts.ts";

/** How traces are sent. */
export interface OtlpOptions<T> extends OtlpSource {
  /** The collector; /v1/traces is added where it is missing. */
  readonly url: string;
  /** What one thing becomes; called when it is sent, not when it is added. */
  readonly spanOf: (item: T) => SpanFacts;
  readonly log: Logger;
  readonly clock?: Clock | undefined;
}

/** What became of what was added; traces, not spans. */
export interface OtlpCounts {
  sent: number;
  /** There was no room: more came than are sent in a second, or the collector is slow. */
  dropped: number;
  /** The collector did not take them. */
  failed: number;
}

/** As many wait at most, and go out in a second. */
const MOST = 1_024;
/** As many are made into spans at a time: about a millisecond. */
const PART = 64;
const STEP_MS = 1_000;
const CLOSE_MS = 3_000;
const WARN_EVERY_MS = 60_000;

/**
 * Sends traces to an OTLP/HTTP collector, once a second and beside the work: adding is one store, what finds no room is
 * counted and dropped, and a collector that is down costs a warning a minute. Disposing sends what is left, for three
 * seconds at most, and not to a collector that was down the last time.
 */
export class OtlpTraces<T> implements AsyncDisposable {
  readonly counts: OtlpCounts = { sent: 0, dropped: 0, failed: 0 };
  readonly #options: OtlpOptions<T>;
  readonly #exporter: OtlpExporter;
  readonly #url: string;
  readonly #clock: Clock;
  readonly #timer: Disposable;
  #items: T[] = [];
  #sending: Promise<void> | undefined;
  #warnedMs = Number.NEGATIVE_INFINITY;
  #isDown = false;

  /** Throws `usage.invalid-option` for what is no URL. Whether somebody listens there shows later. */
  constructor(options: OtlpOptions<T>) {
    const url = otlpEndpoint(options.url);
    this.#options = options;
    this.#exporter = new OtlpExporter(url, options);
    this.#url = `${url.origin}${url.pathname}`; // without a password
    this.#clock = options.clock ?? systemClock;
    this.#timer = everyStep(
      STEP_MS,
      () => {
        if (!this.#sending) void this.flush();
      },
      this.#clock,
    );
  }

  /** Never waits and never throws. */
  add(item: T): void {
    if (this.#items.length < MOST) this.#items.push(item);
    else this.counts.dropped++;
  }

  /** Sends what is here now; resolves when it is out or lost. */
  async flush(): Promise<void> {
    if (this.#sending) await this.#sending; // what came meanwhile goes with the next
    if (this.#items.length > 0) {
      this.#sending ??= this.#send().finally(() => (this.#sending = undefined));
    }
    await this.#sending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    await within(this.#flushLast(), CLOSE_MS, "the traces to go out").catch((thrown: unknown) => {
      this.#options.log.warn(`Traces are lost: ${messageOf(thrown)}`);
    });
  }

  async #flushLast(): Promise<void> {
    await this.#sending;
    if (!this.#isDown) await this.flush();
    this.counts.failed += this.#items.length;
    this.#items = [];
  }

  async #send(): Promise<void> {
    const items = this.#items;
    this.#items = [];
    for (let at = 0; at < items.length; at += PART) {
      const part = items.slice(at, at + PART);
      try {
        await this.#exporter.send(part.map((item) => this.#options.spanOf(item)));
        this.counts.sent += part.length;
        this.#onSent();
      } catch (thrown) {
        // The rest would wait for the same; the next second brings a new try.
        const lost = items.length - at;
        this.counts.failed += lost;
        this.#onFailed(lost, thrown);
        return;
      }
    }
  }

  #onSent(): void {
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#warnedMs = Number.NEGATIVE_INFINITY;
    this.#options.log.info(`traces go to ${this.#url} again`);
  }

  #onFailed(lost: number, thrown: unknown): void {
    this.#isDown = true;
    const nowMs = this.#clock.now();
    if (nowMs - this.#warnedMs < WARN_EVERY_MS) return;
    this.#warnedMs = nowMs;
    this.#options.log.warn(`Cannot send traces to ${this.#url}: ${messageOf(thrown)}`, {
      lost,
      lostSinceStart: this.counts.failed + this.counts.dropped,
    });
  }
}
