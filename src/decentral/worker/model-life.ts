import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs, type Backoff } from "../../core/retry.ts";
import type { UnitContext } from "../unit-context.ts";
import type { UnitSteps } from "../unit-plugin.ts";

/** Between tries of what is not there. */
export const PATIENCE: Backoff = { minMs: 200, maxMs: 5_000, jitter: 0.3 };

/** A unit's model: made, with patience, and off once. */
export class ModelLife {
  readonly #steps: UnitSteps;
  readonly #log: Logger;
  #opening: Promise<void> = Promise.resolve();
  #model: { value: unknown } | undefined;
  #off: Promise<void> | undefined;

  constructor(steps: UnitSteps, log: Logger) {
    this.#steps = steps;
    this.#log = log;
  }

  /** What `getModel` gave. */
  get value(): unknown {
    return this.#model?.value;
  }

  /** Resolves when there is a model, or none is wanted any more; `onAway` hears why one could not be made. */
  open(ctx: UnitContext, onAway: (reason: string) => void): Promise<void> {
    this.#opening = this.#open(ctx, onAway);
    return this.#opening;
  }

  /** Puts it off, once, when it is there; never rejects. */
  off(): Promise<void> {
    this.#off ??= this.#opening.then(() => this.#putOff());
    return this.#off;
  }

  /** As `off`, where nothing can be waited for any more: the process ends. */
  offNow(): void {
    if (this.#off) return;
    this.#off = Promise.resolve();
    void this.#putOff();
  }

  async #open(ctx: UnitContext, onAway: (reason: string) => void): Promise<void> {
    for (let failures = 1; !ctx.stopping.aborted; failures++) {
      try {
        this.#model = { value: await this.#steps.getModel(ctx) };
        return;
      } catch (thrown) {
        const waitMs = Math.round(backoffMs(PATIENCE, failures));
        const reason = `getModel failed: ${messageOf(thrown)}`;
        this.#log.warn(reason, { waitMs });
        onAway(reason);
        await ctx.sleep(waitMs);
      }
    }
  }

  async #putOff(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    if (!model) return;
    try {
      await this.#steps.offModel(model.value);
    } catch (thrown) {
      this.#log.error(`offModel failed: ${messageOf(thrown)}`);
    }
  }
}
