/** What a slave says about itself; unknown when it speaks the ancestor's dialect. */
export interface SlaveRoom {
  concurrency?: number | undefined;
  queueLimit?: number | undefined;
}

/**
 * One slave as the scheduler sees it.
 *
 *   away ─ dial due → dialling ─ up() → up ─ down() → away
 *     └───────────── down() ──────┘      └─ down(), if it cannot be dialled or refused for good → gone
 */
export interface SlaveEntry {
  readonly name: string;
  state: "away" | "dialling" | "up" | "gone";
  concurrency: number;
  queueLimit: number;
  isRoomKnown: boolean;
  /** It finishes what it has, takes nothing more, and will hang up. */
  isLeaving: boolean;
  /** Tasks that it holds. */
  held: number;
  /** When to dial it again, or to offer it a task again after it said that it is busy. */
  notBefore: number;
  failures: number;
  /** Why it is not up. */
  reason: string;
}

/** A slave that was just heard of: to be dialled as soon as possible. */
export function newSlaveEntry(name: string, now: number): SlaveEntry {
  return {
    name,
    state: "away",
    concurrency: 1,
    queueLimit: 0,
    isRoomKnown: false,
    isLeaving: false,
    held: 0,
    notBefore: now,
    failures: 0,
    reason: "not tried yet",
  };
}
