import type { Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import { LazyAbort } from "../core/lazy-abort.ts";
import type { Lease } from "./job.ts";
import { expiredError } from "./queue-faults.ts";

export interface HeldLeaseOptions {
  leaseMs: number;
  clock: Clock;
  /** Makes the lease hold for another `leaseMs`. */
  extend: (lease: Lease, leaseMs: number) => Promise<void>;
  /** Called once when the lease is lost; why is the reason. */
  onLost: (reason: DingError) => void;
}

/** Tries at least this often within one length of the lease. */
const RENEWALS_PER_LEASE = 3;

/**
 * A lease that is renewed until it is let go. It is lost when the queue says so, or when it could not be renewed
 * for its length: then somebody else may have the job.
 */
export class HeldLease implements Disposable {
  readonly #lease: Lease;
  readonly #options: HeldLeaseOptions;
  readonly #abort = new LazyAbort();
  #endsAtMs: number;
  #timer: Disposable | undefined;
  #isOver = false;

  constructor(lease: Lease, options: HeldLeaseOptions) {
    this.#lease = lease;
    this.#options = options;
    this.#endsAtMs = options.clock.now() + options.leaseMs;
    this.#renewLater();
  }

  /** Aborts when the lease is lost, or with `abort()`. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isLost(): boolean {
    return this.#abort.reason instanceof DingError && this.#abort.reason.code === "lease.expired";
  }

  /** Tells who works that it shall end; the lease is still renewed. */
  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.[Symbol.dispose]();
  }

  #renewLater(): void {
    const { clock, leaseMs } = this.#options;
    this.#timer = clock.after(leaseMs / RENEWALS_PER_LEASE, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { clock, leaseMs, extend } = this.#options;
    const askedAtMs = clock.now();
    try {
      await extend(this.#lease, leaseMs);
      this.#endsAtMs = askedAtMs + leaseMs;
    } catch (thrown) {
      const error = DingError.from(thrown);
      // Anything else may pass before the lease is over.
      if (error.code === "lease.expired" || clock.now() >= this.#endsAtMs) {
        this.#lose(error.code === "lease.expired" ? error : expiredError("hold", this.#lease));
      }
    }
    if (!this.#isOver) this.#renewLater();
  }

  #lose(reason: DingError): void {
    if (this.#isOver) return;
    this[Symbol.dispose]();
    this.#abort.abort(reason);
    this.#options.onLost(reason);
  }
}
