import type { Clock } from "../core/clock.ts";
import { PEER_CHANGES } from "./router.ts";

type Args = readonly unknown[];

/** So much may wait: whichever is reached first. */
export interface EarlyLimit {
  events: number;
  bytes: number;
}

const PEER_EVENTS: ReadonlySet<string> = new Set(PEER_CHANGES);

interface Kept {
  args: Args;
  bytes: number;
}

/**
 * Events of other nodes that came before anybody listened: nodes do not begin at the same instant. They wait until
 * `open` is over; beyond the bound the newest are let go and counted.
 */
export class EarlyEvents implements Disposable {
  readonly #limit: EarlyLimit;
  #events = new Map<string, Kept[]>();
  #size = 0;
  #bytes = 0;
  #dropped = 0;
  #isOpen = true;
  #timer: Disposable | undefined;
  readonly #closed = Promise.withResolvers<void>();

  constructor(limit: EarlyLimit) {
    this.#limit = limit;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves when it is over. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get size(): number {
    return this.#size;
  }

  /** How many there was no room for. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Ends after `ms`; then nothing waits any more, and `onEnd` hears for how many nobody came, and of which names. What
   * is told of peers is for who wants it, and not counted.
   */
  closeAfter(
    ms: number,
    clock: Clock,
    onEnd: (unheard: number, names: readonly string[]) => void,
  ): void {
    this.#timer = clock.after(ms, () => {
      const said = [...this.#events].filter(([event]) => !PEER_EVENTS.has(event));
      const unheard = said.reduce((sum, [, kept]) => sum + kept.length, this.#dropped);
      this[Symbol.dispose]();
      onEnd(
        unheard,
        said.map(([event]) => event),
      );
    });
  }

  /** False when it is too late, or there is no room. */
  keep(event: string, args: Args, bytes: number): boolean {
    if (!this.#isOpen) return false;
    if (this.#size >= this.#limit.events || this.#bytes + bytes > this.#limit.bytes) {
      this.#dropped += 1;
      return false;
    }
    const kept = this.#events.get(event);
    if (kept) kept.push({ args, bytes });
    else this.#events.set(event, [{ args, bytes }]);
    this.#size += 1;
    this.#bytes += bytes;
    return true;
  }

  /** All that came, in order; or, for one who wants one, the first that it accepts: the others go on waiting. */
  take(event: string, one?: (args: Args) => boolean): Args[] {
    const kept = this.#events.get(event) ?? [];
    const index = one ? kept.findIndex(({ args }) => one(args)) : 0;
    if (index < 0) return [];
    const taken = kept.splice(index, one ? 1 : kept.length);
    if (kept.length === 0) this.#events.delete(event);
    this.#size -= taken.length;
    for (const { bytes } of taken) this.#bytes -= bytes;
    return taken.map(({ args }) => args);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#isOpen = false;
    this.#closed.resolve();
    this.#events = new Map();
    this.#size = this.#bytes = 0;
  }
}
