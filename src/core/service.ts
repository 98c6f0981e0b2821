import { DingError } from "./errors.ts";

/** Where a service is in its life. */
export type ServiceState = "idle" | "starting" | "running" | "draining" | "stopped" | "failed";

const DEFAULT_GRACE_MS = 5_000;

/** Services started and not yet ended; the test guard reads it. */
export const openServices: Set<Service> = new Set();

/**
 * A thing that runs until it is closed.
 *
 *   idle ─ start() → starting ─→ running ─ close() → draining ─→ stopped
 *     │                  └────────── fail() ────────────┴──────→ failed
 *     └─ close() → stopped
 *
 * It owns one stack: whatever `onStart` puts there is released in reverse
 * order, once, however the service ends. `close()` during `starting` waits for
 * `onStart` to come back (it sees `stopping`) and then releases.
 */
export abstract class Service implements AsyncDisposable {
  #state: ServiceState = "idle";
  #starting: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  readonly #resources = new AsyncDisposableStack();
  readonly #closed = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();

  constructor() {
    // A failure nobody waits for is still seen by `close()`; it must not crash the process.
    this.#closed.promise.catch(() => {});
  }

  get state(): ServiceState {
    return this.#state;
  }

  /** Aborts when draining begins; pass it to every wait. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Resolves when the service has stopped, rejects when it has failed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Opens everything; rejects, with all released again, if something cannot be opened. */
  async start(): Promise<this> {
    if (this.#state !== "idle") {
      throw new DingError("state.invalid", `Cannot start service: state is "${this.#state}"`, {
        hint: "Create a new one; a service starts once.",
      });
    }
    this.#state = "starting";
    openServices.add(this);
    this.#starting = this.onStart(this.#resources);
    try {
      await this.#starting;
    } catch (error) {
      this.fail(error);
      await this.#ending;
      throw error;
    }
    if (this.#state === "starting") this.#state = "running";
    return this;
  }

  /**
   * Takes no new work, waits at most `graceMs` for work under way, then releases
   * everything. Resolves for a service that has failed too: `closed` tells of that.
   */
  close(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
    this.#ending ??= this.#end(graceMs, "stopped");
    return this.#ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Opens what the service needs, each with `resources.use(…)`. */
  protected abstract onStart(resources: AsyncDisposableStack): Promise<void>;

  /** Waits for work under way; `deadline` aborts when the grace is over. */
  protected async onDrain(_deadline: AbortSignal): Promise<void> {}

  /** Ends the service because of an error it cannot mend itself; one that is ending already just ends. */
  protected fail(error: unknown): void {
    if (this.#ending) return;
    this.#closed.reject(error);
    this.#ending = this.#end(0, "failed");
  }

  async #end(graceMs: number, last: "stopped" | "failed"): Promise<void> {
    const wasIdle = this.#state === "idle";
    this.#state = "draining";
    this.#stopping.abort(
      new DingError("service.stopping", "Cannot go on: the service is stopping"),
    );
    try {
      if (!wasIdle && last === "stopped") {
        await this.#starting?.catch(() => {});
        if (graceMs > 0) await this.#drain(graceMs);
      }
    } finally {
      await this.#resources.disposeAsync();
      openServices.delete(this);
      this.#state = last;
      this.#closed.resolve();
    }
  }

  /** With a timer of its own: Deno lets that of AbortSignal.timeout keep the process alive until its end. */
  async #drain(graceMs: number): Promise<void> {
    const deadline = new AbortController();
    const abort = (): void => deadline.abort(new DOMException("The grace is over", "TimeoutError"));
    const timer = setTimeout(abort, graceMs);
    try {
      await this.onDrain(deadline.signal);
    } finally {
      clearTimeout(timer);
    }
  }
}
