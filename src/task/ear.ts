import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Context } from "./context.ts";
import { EarlyEvents } from "./early-events.ts";
import { PEER_CHANGES, type Peer, type PeerChange, type TaskRouter } from "./router.ts";
import type { Started } from "./started.ts";

const EARLY_LIMIT = { events: 1_000, bytes: 32 * 1024 * 1024 };

/** What a task hears of other nodes, whether it is started or not yet. */
export class Ear<C extends Context> implements Disposable {
  early: EarlyEvents = new EarlyEvents(EARLY_LIMIT);
  readonly #listening: Disposable;
  readonly #log: Logger;
  #started: Started<C> | undefined;
  #run = 0;
  /** The latest run of a peer that has ended in good order. */
  #peersRun = -1;
  #isClosed = false;
  /** Requests of others wait for a start. */
  #begun = Promise.withResolvers<void>();

  constructor(router: TaskRouter, log: Logger) {
    this.#log = log;
    this.#listening = router.listen({
      event: (event, args, bytes) => this.#deliver(event, args, bytes),
      finish: (run, from) => this.#onPeerFinished(run, from),
      peer: (change, peer) => this.#onPeer(change, peer),
      missed: (from, events) => void this.#deliver("peer:missed", [{ nodeId: from, events }], 0),
      request: (method, arg) => this.#answer(method, arg),
    });
  }

  /** A start, the n-th of this node: what has waited for one is its. */
  begin(started: Started<C>, run: number): void {
    this.#started = started;
    this.#run = run;
    this.#begun.resolve();
    if (this.#peersRun >= run) started.program.finish = true;
  }

  /** The start has ended; what comes waits for the next. */
  end(): void {
    this.#started = undefined;
    this.early[Symbol.dispose]();
    this.early = new EarlyEvents(EARLY_LIMIT);
    if (!this.#isClosed) this.#begun = Promise.withResolvers();
  }

  /** For good: it hears nothing more. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#listening[Symbol.dispose]();
    this.early[Symbol.dispose]();
    this.#begun.resolve();
  }

  #deliver(event: string, args: readonly unknown[], bytes: number): Promise<void> | undefined {
    if (this.#started) return this.#started.events.hub.deliver(event, args, bytes);
    this.early.keep(event, args, bytes);
    return undefined;
  }

  #answer(method: string, arg: unknown): unknown {
    if (this.#started) return this.#started.events.answer({ method, arg });
    return this.#begun.promise.then(() => {
      if (this.#started) return this.#started.events.answer({ method, arg });
      throw new DingError("state.invalid", `Cannot answer "${method}": the task has ended`);
    });
  }

  /** One of an earlier run comes too late: that run has ended here too. */
  #onPeerFinished(run: number, from: number): void {
    this.#log.debug("A peer has finished", { from, run });
    this.#peersRun = Math.max(this.#peersRun, run);
    if (this.#started && run >= this.#run) this.#started.program.finish = true;
  }

  #onPeer(change: PeerChange, peer: Peer): void {
    if (change === "peer:join") this.#forget(peer);
    void this.#deliver(change, [peer], 0);
    if (change !== "peer:crash" || this.#started?.onPeerCrash !== "finish") return;
    this.#started.program.finish = true;
  }

  /** One is back that nobody has heard of yet: told late and by name, its crash would follow upon its join. */
  #forget({ nodeId }: Peer): void {
    for (const change of PEER_CHANGES) {
      while (this.early.take(change, ([peer]) => (peer as Peer).nodeId === nodeId).length > 0);
    }
  }
}
