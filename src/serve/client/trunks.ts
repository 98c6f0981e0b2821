import type { Clock } from "../../core/clock.ts";
import { NetworkError, type DingError } from "../../core/errors.ts";
import { Trunk, type Joining, type TrunkOptions } from "./trunk.ts";
import type { TrunkMember } from "./trunk-member.ts";

/** Who wants to reach a server, and how. */
export interface Reaching extends Joining {
  readonly timeoutMs: number;
  /** Share no connection with others. */
  readonly isAlone: boolean;
}

/** The trunks of this process that may be joined, by the way to their server. */
const trunks = new WeakMap<Clock, Map<string, Trunk>>();

/** So much of the time is left to whoever must dial after all. */
const SHARE_OF_JOINING = 1 / 4;

/** Joins the trunk of this process to a server, or dials one. Rejects with why the server cannot be reached, or with the signal's reason. */
export async function joinTrunk(options: TrunkOptions, reaching: Reaching): Promise<TrunkMember> {
  if (reaching.isAlone) return new Trunk(options, reaching, () => {}).joinFirst(reaching);
  const { clock } = options;
  const known = trunks.get(clock) ?? new Map<string, Trunk>();
  trunks.set(clock, known);
  const key = keyOf(options);
  let tried: Trunk | undefined;
  for (;;) {
    const trunk = known.get(key);
    if (!trunk || trunk === tried || !trunk.mayBeJoined) {
      const fresh = new Trunk(options, reaching, (ended) => {
        if (known.get(key) === ended) known.delete(key);
      });
      known.set(key, fresh);
      return fresh.joinFirst(reaching);
    }
    tried = trunk;
    try {
      return await joinInTime(trunk, reaching, clock);
    } catch (thrown) {
      if (reaching.signal.aborted || !isFaultOfTrunk(thrown as DingError)) throw thrown;
    }
  }
}

async function joinInTime(trunk: Trunk, reaching: Reaching, clock: Clock): Promise<TrunkMember> {
  const limitMs = reaching.timeoutMs * SHARE_OF_JOINING;
  const late = new AbortController();
  using _limit = clock.after(limitMs, () => late.abort(lateError()));
  const signal = AbortSignal.any([reaching.signal, late.signal]);
  return await trunk.join({ ...reaching, signal });
}

/** It ended, or took too long, which says nothing of a connection of one's own. */
function isFaultOfTrunk({ code }: DingError): boolean {
  return code === "network.closed" || code === "network.timeout";
}

function lateError(): NetworkError {
  return new NetworkError("network.timeout", "Cannot join the connection of other clients in time");
}

/** Whoever says the same of itself by the same way may share what is said. */
function keyOf({ address, token, tls, heartbeatMs, toleranceMs }: TrunkOptions): string {
  return JSON.stringify([address.sessionUrl, token, tls, heartbeatMs, toleranceMs]);
}
