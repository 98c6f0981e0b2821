import type { ErrorRecord } from "../core/errors.ts";
import { msgpack } from "../protocol/codec.ts";
import type { PlacedUnit } from "./layout.ts";
import type { Seat } from "./seat.ts";
import {
  UNIT_EVENTS,
  WORKER_METHODS,
  type RoundsReport,
  type UnitMeta,
} from "./worker-protocol.ts";

/** What is heard of a unit in its worker process. */
export interface UnitLineEvents {
  opened(): void;
  /** What it needs is not there. */
  away(reason: string): void;
  rounds(report: RoundsReport): void;
  /** It has ended as asked. */
  off(): void;
  /** Its process has died, or it could not be made. */
  lost(error: ErrorRecord): void;
}

/** The UNIT call of one unit: as long as its life in one worker process. */
export class UnitLine {
  readonly seat: Seat;
  readonly #id: string;
  readonly #cancel: () => void;
  readonly #ended = Promise.withResolvers<void>();

  constructor(seat: Seat, unit: PlacedUnit, events: UnitLineEvents, token: string | undefined) {
    const { id, server } = unit;
    const port = server?.port ?? 0;
    const meta: UnitMeta = {
      id,
      ip: server?.ip ?? "",
      port,
      portOut: server?.portOut ?? port,
      token,
    };
    this.seat = seat;
    this.#id = id;
    const what = { method: WORKER_METHODS.UNIT, meta };
    this.#cancel = seat.call(what, {
      reply: () => {
        events.off();
        this.#ended.resolve();
      },
      fail: (error) => {
        events.lost(error);
        this.#ended.resolve();
      },
      event: (name, body) => {
        if (name === UNIT_EVENTS.OPENED) events.opened();
        else if (body && name === UNIT_EVENTS.AWAY) events.away(String(msgpack.decode(body)));
        else if (body) events.rounds(msgpack.decode(body) as RoundsReport);
      },
    });
  }

  /** Resolves when nothing of it is left. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** It shall end after what it does now. */
  stop(): void {
    this.#cancel();
  }

  /** It shall let go of what it does. */
  async abandon(): Promise<void> {
    const asked = this.seat.request(WORKER_METHODS.ABANDON, this.#id);
    await asked.catch(() => {}); // its process is gone: so is the unit
  }
}
