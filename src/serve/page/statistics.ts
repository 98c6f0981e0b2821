import { systemClock, type Clock } from "../../core/clock.ts";
import { modelId } from "./model-id.ts";
import { ModelStatistics } from "./model-statistics.ts";
import type { RequestTraces } from "./request-traces.ts";
import { ServerPace } from "./server-pace.ts";
import type { OnUnreadable } from "../unreadable.ts";

/**
 * What a server counts, by model and version. The host asks once for a model's statistics, keeps them, and tells them
 * what happens; nothing here waits, throws, or grows with the number of requests.
 */
export class ServeStatistics {
  readonly clock: Clock;
  /** On the clock. */
  readonly startedMs: number;
  readonly pace = new ServerPace();
  /** Told of each request that ends; undefined when nobody asked for traces. */
  #traces: RequestTraces | undefined;
  readonly #models = new Map<string, ModelStatistics>();

  constructor({ clock = systemClock }: { clock?: Clock } = {}) {
    this.clock = clock;
    this.startedMs = clock.now();
  }

  /** Of one version of a model; made when first asked for. A model that is loaded again goes on with its counts. */
  model(name: string, version: string): ModelStatistics {
    const key = modelId({ name, version });
    let found = this.#models.get(key);
    if (!found) {
      found = new ModelStatistics({
        name,
        version,
        now: () => this.clock.now(),
        server: this.pace,
        traces: () => this.#traces,
      });
      this.#models.set(key, found);
    }
    return found;
  }

  /** A request came and failed before it could be queued. */
  readonly onUnreadable: OnUnreadable = ({ name, version }, sender, thrown) => {
    const arrivedMs = this.clock.now();
    const model = this.model(name, version);
    model.onArrived(arrivedMs, sender.client);
    model.onFailed({ arrivedMs, rows: 0, ...sender }, thrown);
  };

  /** From now on traces of all requests go there. */
  trace(traces: RequestTraces | undefined): void {
    this.#traces = traces;
  }

  models(): ModelStatistics[] {
    return [...this.#models.values()];
  }

  /** Called once a second by whoever owns the page: closes the second that was being filled. */
  turn(): void {
    for (const model of this.models()) model.turn();
  }
}
