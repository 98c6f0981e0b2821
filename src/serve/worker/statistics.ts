import { encodeFrame } from "../../protocol/codec.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import { WORKER_EVENTS } from "../worker-protocol.ts";

/** So many are kept while no call is there that could carry them. */
const MOST_WAITING = 1_000;
/** A longer name is cut: each stands four times in every scrape of the metrics. */
const LONGEST_NAME = 128;

/** Numbers that a model's code records: they go to the server with the call that runs, or else with the next one. */
export class StatisticsOut {
  readonly #waiting: Record<string, number>[] = [];
  #call: IncomingCall | undefined;

  /** For the model's code. What is no finite number is left out. */
  readonly record = (numbers: Readonly<Record<string, number>>): void => {
    // A plugin may be no TypeScript: no request fails by its statistics.
    const finite = Object.entries(numbers ?? {})
      .filter(([, value]) => Number.isFinite(value))
      .map(([name, value]): [string, number] => [name.slice(0, LONGEST_NAME), value]);
    if (finite.length === 0) return;
    const told = Object.fromEntries(finite);
    if (this.#call) this.#call.event(WORKER_EVENTS.STATISTIC, encodeFrame(told));
    else if (this.#waiting.length < MOST_WAITING) this.#waiting.push(told);
  };

  /** This call runs now. */
  begin(call: IncomingCall): void {
    this.#call = call;
    if (this.#waiting.length === 0) return;
    for (const told of this.#waiting.splice(0)) this.record(told);
  }

  /** It is about to be answered. */
  end(): void {
    this.#call = undefined;
  }
}
