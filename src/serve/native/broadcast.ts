import { msgpack } from "../../protocol/codec.ts";
import { joined } from "./predict-answer.ts";
import type { Outcome } from "./run.ts";
import type { ToldAnswer } from "./session-protocol.ts";

/** Hears the answers to one identity: each is the body of an event. */
export type BroadcastListener = (body: Uint8Array) => void;

/** Who listens to which identity. Identities are compared whole: "team" hears nothing of "team-2". */
export class Broadcast {
  readonly #listeners = new Map<string, Set<BroadcastListener>>();

  /** Listens until it is disposed. */
  add(identity: string, listener: BroadcastListener): Disposable {
    const listeners = this.#listeners.get(identity) ?? new Set();
    this.#listeners.set(identity, listeners.add(listener));
    return {
      [Symbol.dispose]: () => {
        listeners.delete(listener);
        if (listeners.size === 0 && this.#listeners.get(identity) === listeners) {
          this.#listeners.delete(identity);
        }
      },
    };
  }

  /** Tells everybody who listens to this identity how a request of it ended; encoded once for all. */
  tell(identity: string, id: string, outcome: Outcome): void {
    const listeners = this.#listeners.get(identity);
    if (!listeners) return;
    const body = answerBody(id, outcome);
    for (const listener of listeners) listener(body);
  }
}

/** `{ id, result }`, the result as it came, or `{ id, error }`. */
function answerBody(id: string, outcome: Outcome): Uint8Array<ArrayBuffer> {
  if ("error" in outcome) {
    return msgpack.encode({ id, error: outcome.error.toJSON() } satisfies ToldAnswer);
  }
  const [value = NIL] = outcome.values.values;
  return joined([MAP_OF_TWO, ID, msgpack.encode(id), RESULT, value]);
}

const NIL = Uint8Array.of(0xc0);
const MAP_OF_TWO = Uint8Array.of(0x82);
const ID = msgpack.encode("id");
const RESULT = msgpack.encode("result");
