import type { Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import { LazyAbort } from "../core/lazy-abort.ts";
import type { Lease } from "./job.ts";
import { expiredError } from "./queue-faults.ts";

export interface LeaseKeeperOptions {
  /** How long each lease holds. */
  leaseMs: number;
  clock: Clock;
  /** Makes a lease hold for another `leaseMs`. */
  extend: (lease: Lease, leaseMs: number) => Promise<void>;
  /** Called once when a lease is lost; why is the reason. */
  onLost: (lease: Lease, reason: DingError) => void;
}

/** Tries at least this often within one length of the lease. */
const RENEWALS_PER_LEASE = 3;

/** Renews leases of one length until they are let go: one timer for all, and none is touched that ends before. */
export class LeaseKeeper implements Disposable {
  readonly #options: LeaseKeeperOptions;
  /** The one that is to be renewed next first. */
  readonly #line = new Set<HeldLease>();
  #timer: Disposable | undefined;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
  }

  /** A lease that was given just now. */
  hold(lease: Lease): HeldLease {
    const { clock, leaseMs } = this.#options;
    const now = clock.now();
    const held = new HeldLease(lease, now + leaseMs, this.#line);
    this.#renewLater(held, now);
    return held;
  }

  /** Renews nothing any more. */
  [Symbol.dispose](): void {
    this.#line.clear();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  get #periodMs(): number {
    return this.#options.leaseMs / RENEWALS_PER_LEASE;
  }

  #renewLater(held: HeldLease, now: number): void {
    held.renewAtMs = now + this.#periodMs;
    this.#line.add(held);
    this.#timer ??= this.#options.clock.after(this.#periodMs, () => this.#look());
  }

  #look(): void {
    const { clock } = this.#options;
    const now = clock.now();
    this.#timer = undefined;
    for (const held of this.#line) {
      if (held.renewAtMs > now) {
        this.#timer = clock.after(held.renewAtMs - now, () => this.#look());
        return;
      }
      this.#line.delete(held);
      void this.#renew(held);
    }
  }

  async #renew(held: HeldLease): Promise<void> {
    const { clock, leaseMs, extend, onLost } = this.#options;
    const { lease } = held;
    const askedAtMs = clock.now();
    try {
      await extend(lease, leaseMs);
      held.endsAtMs = askedAtMs + leaseMs;
    } catch (thrown) {
      const error = DingError.from(thrown);
      // Anything else may pass before the lease is over.
      if (!held.isOver && (error.code === "lease.expired" || clock.now() >= held.endsAtMs)) {
        const reason = error.code === "lease.expired" ? error : expiredError("hold", lease);
        held[Symbol.dispose]();
        held.abort(reason);
        onLost(lease, reason);
      }
    }
    if (!held.isOver) this.#renewLater(held, clock.now());
  }
}

/**
 * A lease that is renewed until it is let go. It is lost when the queue says so, or when it could not be renewed
 * for its length: then somebody else may have the job.
 */
export class HeldLease implements Disposable {
  readonly lease: Lease;
  /** For its keeper. */
  endsAtMs: number;
  renewAtMs = 0;
  #abort: LazyAbort | undefined;
  readonly #line: Set<HeldLease>;
  #isOver = false;

  /** Leaves the line of those that are to be renewed when it is let go. */
  constructor(lease: Lease, endsAtMs: number, line: Set<HeldLease>) {
    this.lease = lease;
    this.endsAtMs = endsAtMs;
    this.#line = line;
  }

  /** Aborts when the lease is lost, or with `abort()`. */
  get signal(): AbortSignal {
    this.#abort ??= new LazyAbort();
    return this.#abort.signal;
  }

  get isLost(): boolean {
    const reason = this.#abort?.reason;
    return reason instanceof DingError && reason.code === "lease.expired";
  }

  /** True when nobody renews it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Tells who works that it shall end; the lease is still renewed. */
  abort(reason: unknown): void {
    this.#abort ??= new LazyAbort();
    this.#abort.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#line.delete(this);
  }
}

/** What work gets of a lease: its signal, and nothing to end it with. */
export class LeaseContext {
  readonly #held: HeldLease;

  constructor(held: HeldLease) {
    this.#held = held;
  }

  /** Aborts when the lease is lost, or its holder says so. */
  get signal(): AbortSignal {
    return this.#held.signal;
  }
}
