import type { ConnectionHook } from "./plugin.ts";
import { portable, wordsOf } from "./portable.ts";
import { refuse } from "./refuse.ts";
import { isRefusal } from "./refusals.ts";

/** The master that a slave works for, by whichever dialect it speaks. */
export interface Occupant {
  readonly kind: "session" | "di-engine";
  readonly address: string;
  /** Its connection is broken and may come back; somebody else may take the seat. */
  isAway(): boolean;
  /** Somebody else takes the seat: its tasks are cancelled, its session is void. */
  evict(): void;
}

/** Calls a hook of the plugin. */
export type CallHook = (name: ConnectionHook, args: unknown[]) => Promise<void>;

/**
 * One master at a time.
 *
 *   empty ── take() → asked ── beforeConnection passes → taken ── leave(), vacate() → empty
 *     ↑                 └──────── it refuses → empty       └── away, and another asks → asked
 *
 * A master that is away is evicted before the newcomer is asked about: its tasks
 * must not keep the worker that answers, and it cannot come back in between.
 */
export class Seat {
  readonly #callHook: CallHook;
  #occupant: Occupant | undefined;
  #isAsked = false;

  constructor(callHook: CallHook) {
    this.#callHook = callHook;
  }

  get occupant(): Occupant | undefined {
    return this.#occupant;
  }

  /** Seats a master, or throws the refusal it gets. */
  async take(occupant: Occupant, data: unknown): Promise<void> {
    if (this.#isAsked) throw refuse("SLAVE_ALREADY_CONNECTED");
    if (this.#occupant && !this.#occupant.isAway()) throw refuse("SLAVE_ALREADY_CONNECTED");
    this.#isAsked = true;
    try {
      this.#occupant?.evict();
      await this.#callHook("beforeConnection", [data]);
      this.#occupant = occupant;
    } catch (thrown) {
      throw hookRefusal(thrown, "ConnectionRefuse", "SLAVE_CONNECTION_REFUSED");
    } finally {
      this.#isAsked = false;
    }
  }

  /** The master wants to go; throws the refusal of beforeDisconnection. False when another sits there by now. */
  async leave(occupant: Occupant, data: unknown): Promise<boolean> {
    if (this.#occupant !== occupant) throw refuse("SLAVE_NOT_CONNECTED");
    try {
      await this.#callHook("beforeDisconnection", [data]);
    } catch (thrown) {
      throw hookRefusal(thrown, "DisconnectionRefuse", "SLAVE_DISCONNECTION_REFUSED");
    }
    return this.vacate(occupant);
  }

  /** The master is gone for good; false when another sits there by now. */
  vacate(occupant: Occupant): boolean {
    if (this.#occupant !== occupant) return false;
    this.#occupant = undefined;
    return true;
  }
}

/** A hook that fails by accident refuses too: it has not said yes. */
function hookRefusal(thrown: unknown, name: string, code: Parameters<typeof refuse>[0]): Error {
  if (!isRefusal(thrown, name)) return refuse(code, { message: wordsOf(thrown) });
  return refuse(code, portable(thrown.data), wordsOf(thrown.message) || undefined);
}
