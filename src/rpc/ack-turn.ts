import type { Clock } from "../core/clock.ts";
import type { AckThreshold, Inbox } from "./inbox.ts";

/** From here on an ACK rides in front of what is said anyway; fewer messages wait until they are so old. */
const RIDING = { bytes: 64 * 1024, messages: 32 };
const RIDING_MS = 2;
/** What nothing has carried by then is told alone. */
const DELAY_MS = 20;

/** What it stands on. */
export interface AckTurnOptions {
  inbox: Inbox;
  clock: Clock;
  /** So much is told at once. */
  latest: AckThreshold;
  /** Tells the other end how much has arrived. */
  tell: () => void;
}

/**
 * When the other end is told what has arrived: in front of what is said anyway,
 * as in a conversation, or alone, for an end that only listens.
 */
export class AckTurn implements Disposable {
  readonly #options: AckTurnOptions;
  #timer: Disposable | undefined;

  constructor(options: AckTurnOptions) {
    this.#options = options;
  }

  /** Something is said now: does an ACK go with it? */
  mayRide(): boolean {
    const { inbox, clock } = this.#options;
    if (inbox.isDue(RIDING)) return true;
    const sinceMs = inbox.untoldSinceMs;
    return sinceMs !== undefined && clock.now() - sinceMs >= RIDING_MS;
  }

  /** A frame has been read. */
  plan(): void {
    const { inbox, latest, clock, tell } = this.#options;
    if (!inbox.isUntold) return;
    if (inbox.isDue(latest)) return tell();
    inbox.noteUntold(this.#now);
    this.#timer ??= clock.after(DELAY_MS, this.#onTimer);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  readonly #now = (): number => this.#options.clock.now();

  /** What it was set for may have been told meanwhile, and what came since is younger. */
  readonly #onTimer = (): void => {
    const { inbox, clock, tell } = this.#options;
    this.#timer = undefined;
    const sinceMs = inbox.untoldSinceMs;
    if (sinceMs === undefined) return;
    const leftMs = sinceMs + DELAY_MS - clock.now();
    if (leftMs < 1) tell();
    else this.#timer = clock.after(leftMs, this.#onTimer);
  };
}
