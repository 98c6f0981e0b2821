import { DeadlineTimer } from "../../core/deadline-timer.ts";
import type { DingError } from "../../core/errors.ts";
import type { NativeHello } from "../native/session-protocol.ts";
import type { Ask } from "./ask.ts";
import { AskQueue } from "./ask-queue.ts";
import { closedError } from "./closed-error.ts";
import { Line } from "./line.ts";
import { mayPass, rank, unreachable } from "./line-choice.ts";
import type { ClientSettings } from "./options.ts";

/** Who wants to know when a line is up. */
export type OnLineUp = (line: Line) => void;

const BUSY = new Set(["queue.full", "service.stopping", "model.not-ready"]);
/** Where a busy server does not say when to come back. */
const PAUSE_MS = 500;
/** Clients that were told the same time come back a little apart. */
const PAUSE_JITTER = 0.1;

/**
 * The servers of one client: sends each request to the one with the least to
 * do, again elsewhere when its server is lost, later when that is busy. While
 * no server can be reached requests wait, but not longer than the connect
 * timeout. It dials only while somebody waits or listens.
 */
export class Fleet implements Disposable {
  readonly lines: readonly Line[];
  readonly #settings: ClientSettings;
  readonly #queue = new AskQueue();
  readonly #limits: DeadlineTimer<Ask>;
  #onLineUp: OnLineUp | undefined;
  #connecting = Promise.withResolvers<void>();
  #isWanted = false;
  #outstanding = 0;
  #isPumping = false;
  #turn = 0;
  /** When the last line went down; undefined as long as there never was one. */
  #downSince: number | undefined;
  #timer: Disposable | undefined;
  #closedWith: DingError | undefined;

  constructor(settings: ClientSettings, hello: NativeHello) {
    this.#settings = settings;
    this.#limits = new DeadlineTimer(settings.clock, (ask) => ask.late());
    const events = {
      up: (line: Line) => this.#onUp(line),
      failed: () => this.#onFailed(),
      down: () => this.#onDown(),
    };
    this.lines = settings.servers.map((address) => new Line(address, settings, { hello, events }));
  }

  /** Requests that are at a server. */
  get outstanding(): number {
    return this.#outstanding;
  }

  get isClosed(): boolean {
    return this.#closedWith !== undefined;
  }

  /** Sends it as soon as a server takes it. */
  submit(ask: Ask): void {
    if (this.#closedWith) return ask.fail(this.#closedWith);
    ask.bound(this.#limits);
    this.#queue.add(ask);
    this.#pump();
    ask.wait();
  }

  /** Resolves when a server is up; rejects with why none is. */
  connect(): Promise<void> {
    if (this.#closedWith) return Promise.reject(this.#closedWith);
    if (this.#hasLineUp()) return Promise.resolve();
    this.#isWanted = true;
    const { promise } = this.#connecting;
    this.#pump();
    return promise;
  }

  /** Calls back for every line that comes up, and keeps all of them up. */
  keepUp(listener: OnLineUp): void {
    this.#onLineUp = listener;
    this.#dial();
    this.#plan();
  }

  /** Fails what waits, says goodbye to the servers. Twice is once. */
  close(error: DingError): void {
    if (this.#closedWith) return;
    this.#closedWith = error;
    this.#timer?.[Symbol.dispose]();
    this.#giveUp(error);
    this.#limits[Symbol.dispose]();
    for (const line of this.lines) line[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close(closedError());
  }

  #pump(): void {
    if (this.#isPumping || this.#closedWith) return;
    this.#isPumping = true;
    try {
      for (let ask = this.#queue.peek(); ask; ask = this.#queue.peek()) {
        const line = this.#outstanding < this.#settings.window ? this.#pick() : undefined;
        if (!line) break;
        this.#queue.take();
        this.#send(ask, line);
      }
    } finally {
      this.#isPumping = false;
    }
    if (this.#isCalm()) return;
    this.#dial();
    this.#plan();
  }

  /** Nothing waits, nothing is missing: so it is after nearly every answer. */
  #isCalm(): boolean {
    if (this.#timer || this.#hasWaiters()) return false;
    for (const line of this.lines) if (line.state !== "up") return false;
    return true;
  }

  /** Of the lines that may take something the one with the least to do; those in turn that have as much. */
  #pick(): Line | undefined {
    let best: Line | undefined;
    for (let index = 0; index < this.lines.length; index++) {
      const line = this.lines[(this.#turn + index) % this.lines.length] as Line;
      const canTake = line.state === "up" && line.outstanding < line.limit && !this.#isPaused(line);
      if (canTake && (!best || rank(line) < rank(best))) best = line;
    }
    this.#turn += 1;
    return best;
  }

  #isPaused({ pausedUntil }: Line): boolean {
    // Asking for the time takes longer than all the rest.
    return pausedUntil !== -Infinity && pausedUntil > this.#settings.clock.now();
  }

  #send(ask: Ask, line: Line): void {
    line.outstanding += 1;
    this.#outstanding += 1;
    const free = (): void => {
      line.outstanding -= 1;
      this.#outstanding -= 1;
    };
    let hasEnded = false;
    const call = line.call(ask.init.method, ask.meta(line.client), ask.body, {
      reply: (answer) => {
        hasEnded = true;
        free();
        line.limit = Math.min(this.#settings.window, line.limit + 1 / line.limit);
        ask.reply(answer);
        this.#pump();
      },
      fail: (error) => {
        hasEnded = true;
        free();
        this.#onRefused(ask, line, error);
        this.#pump();
      },
      lost: (error) => {
        hasEnded = true;
        free();
        this.#onLost(ask, error);
      },
      event: (name, piece) => ask.event(name, piece),
    });
    if (!hasEnded) ask.sent(line, call);
  }

  /** A server that is full or stopping is left alone for as long as it says; the request goes elsewhere, or waits. */
  #onRefused(ask: Ask, line: Line, error: DingError): void {
    if (ask.isGone) return;
    const { clock, retries } = this.#settings;
    const mayRetry = retries > 0 && !ask.hasBegun && BUSY.has(error.code);
    if (!mayRetry || this.#isInVain(ask, error)) return ask.fail(error);
    const { retryAfterMs } = error.details;
    const pauseMs = typeof retryAfterMs === "number" && retryAfterMs > 0 ? retryAfterMs : PAUSE_MS;
    const until = clock.now() + pauseMs * (1 + PAUSE_JITTER * Math.random());
    line.pausedUntil = Math.max(line.pausedUntil, until);
    if (error.code === "queue.full") line.limit = Math.max(1, line.outstanding);
    ask.back();
    this.#queue.giveBack(ask);
  }

  /** A model that is being loaded is worth waiting for; one that is not there is like a server that is not. */
  #isInVain(ask: Ask, { code, details }: DingError): boolean {
    if (code !== "model.not-ready" || details["state"] === "LOADING") return false;
    const { clock, connectTimeoutMs } = this.#settings;
    ask.notReadySince ??= clock.now();
    return clock.now() >= ask.notReadySince + connectTimeoutMs;
  }

  #onLost(ask: Ask, error: DingError): void {
    if (ask.isGone) return;
    if (this.#closedWith) return ask.fail(this.#closedWith);
    ask.losses += 1;
    if (ask.losses > this.#settings.retries || ask.hasBegun) return ask.fail(error);
    ask.back();
    this.#queue.giveBack(ask);
  }

  #onUp(line: Line): void {
    const { showServerConfig, log } = this.#settings;
    if (showServerConfig) log.info(`connected to ${line.name}`, { ...line.welcome });
    this.#isWanted = false;
    this.#connecting.resolve();
    this.#connecting = Promise.withResolvers();
    this.#onLineUp?.(line);
    this.#pump();
  }

  #onDown(): void {
    if (!this.#hasLineUp()) this.#downSince = this.#settings.clock.now();
    this.#pump();
  }

  #onFailed(): void {
    if (this.#closedWith) return;
    if (this.#areAllIdle() && !this.#isPatient()) this.#giveUp(unreachable(this.lines));
    this.#plan();
  }

  /** What was there a moment ago may come back, unless it says that it does not want us. */
  #isPatient(): boolean {
    const { clock, connectTimeoutMs } = this.#settings;
    if (this.#downSince === undefined) return false;
    const isLate = clock.now() >= this.#downSince + connectTimeoutMs;
    return !isLate && this.lines.some(({ error }) => error && mayPass(error));
  }

  #hasWaiters(): boolean {
    return this.#isWanted || this.#queue.peek() !== undefined;
  }

  #hasLineUp(): boolean {
    return this.lines.some((line) => line.state === "up");
  }

  /** Dials what is idle and due, as long as anybody waits or listens. */
  #dial(): void {
    const hasWaiters = this.#hasWaiters();
    if (!hasWaiters && this.#outstanding === 0 && !this.#onLineUp) return;
    const { clock, connectTimeoutMs } = this.#settings;
    const now = clock.now();
    const leftMs = Math.ceil((this.#downSince ?? -Infinity) + connectTimeoutMs - now);
    const timeoutMs = leftMs > 0 && !this.#hasLineUp() ? leftMs : connectTimeoutMs;
    // Without anything up, and without patience, whoever asks gets an answer of now.
    const isUrgent = hasWaiters && leftMs <= 0 && this.#areAllIdle();
    for (const line of this.lines) {
      if (line.state === "idle" && (isUrgent || line.retryAt <= now)) line.dial(timeoutMs);
    }
  }

  #areAllIdle(): boolean {
    return this.lines.every((line) => line.state === "idle");
  }

  /** Sets the one timer to when something can go on by itself. */
  #plan(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#closedWith) return;
    const { clock } = this.#settings;
    const now = clock.now();
    const at = Math.min(...this.#wakeTimes());
    if (at === Infinity) return;
    this.#timer = clock.after(Math.max(1, Math.ceil(at - now)), () => this.#pump());
  }

  #wakeTimes(): number[] {
    const { clock, connectTimeoutMs } = this.#settings;
    const now = clock.now();
    const hasWaiters = this.#hasWaiters();
    const isDown = !this.#hasLineUp();
    const times: number[] = [];
    for (const line of this.lines) {
      if (line.state === "up" && hasWaiters && line.pausedUntil > now) times.push(line.pausedUntil);
      const isMissed = this.#onLineUp !== undefined || (hasWaiters && isDown);
      if (line.state === "idle" && isMissed) times.push(Math.max(line.retryAt, now));
    }
    if (hasWaiters && this.#areAllIdle()) times.push((this.#downSince ?? now) + connectTimeoutMs);
    return times;
  }

  #giveUp(error: DingError): void {
    this.#isWanted = false;
    const { promise, reject } = this.#connecting;
    this.#connecting = Promise.withResolvers();
    promise.catch(() => {}); // perhaps nobody waits for it
    reject(error);
    for (const ask of this.#queue.takeAll()) ask.fail(error);
  }
}
