import type { Body } from "../rpc/message.ts";
import type { CallEvents, Peer } from "../rpc/peer.ts";
import { Gate } from "./gate.ts";

/** A worker process that is up and has loaded the plugin: where units sit. */
export class Seat {
  readonly worker: number;
  /** Lets jobs in. */
  readonly gate = new Gate();
  /** Ends the process, with all that sits in it: one that does not let go cannot be ended otherwise. */
  readonly kill: () => void;
  readonly #peer: Peer;

  constructor(worker: number, peer: Peer, kill: () => void) {
    this.worker = worker;
    this.kill = kill;
    this.#peer = peer;
  }

  /** As `Peer.call`; gives what cancels it. */
  call(what: { method: string; meta: unknown; body?: Body }, events: CallEvents): () => void {
    const id = this.#peer.call(what.method, what.meta, what.body, events);
    return () => this.#peer.cancel(id);
  }

  request(method: string, meta: unknown): Promise<Body> {
    return this.#peer.request(method, meta);
  }
}
