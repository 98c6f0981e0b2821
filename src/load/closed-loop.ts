import type { Lane } from "./lane.ts";
import { Lanes, type LanesOptions } from "./lanes.ts";
import type { Loop, OnEnd } from "./loop.ts";

/** A server that is not there is asked again after this time, not as fast as it refuses. */
const REST_MS = 50;

/** So many clients, each of which asks again as soon as it has its answer. */
export class ClosedLoop implements Loop {
  readonly #lanes: Lanes;
  readonly #clients: number;
  readonly #onEnd: OnEnd;
  readonly #resting = new Set<NodeJS.Timeout>();
  #isStopped = false;

  constructor(clients: number, options: LanesOptions, onEnd: OnEnd) {
    this.#clients = clients;
    this.#onEnd = onEnd;
    this.#lanes = new Lanes(options, (lane) => this.#goOn(lane));
  }

  start(): void {
    for (let index = 0; index < this.#clients; index++) this.#send(this.#lanes.add());
  }

  async finish(graceMs: number): Promise<void> {
    this.#isStopped = true;
    await this.#lanes.drain(graceMs, () => {});
  }

  [Symbol.dispose](): void {
    this.#isStopped = true;
    for (const timer of this.#resting) clearTimeout(timer);
    this.#lanes[Symbol.dispose]();
  }

  #goOn(lane: Lane): void {
    this.#onEnd(lane);
    if (this.#isStopped) return;
    if (lane.failure === undefined) return this.#send(lane);
    const timer = setTimeout(() => {
      this.#resting.delete(timer);
      if (!this.#isStopped) this.#send(lane);
    }, REST_MS);
    this.#resting.add(timer);
  }

  #send(lane: Lane): void {
    this.#lanes.send(lane, performance.now());
  }
}
