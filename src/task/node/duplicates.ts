import { DingError } from "../../core/errors.ts";
import type { Line } from "./line.ts";

/**
 * Of two sessions between the same two, both ends keep the one that the greater id dialled; of two of one end, the newer.
 * Throws `peer.refused` with `duplicate` when the old one stays. `nodeId` is this node's own.
 */
export function checkDuplicate(nodeId: number, old: Line, isDialled: boolean): void {
  const isOurs = nodeId > old.peer.nodeId;
  if (!old.session.isAttached || old.isDialled === isDialled || isDialled === isOurs) return;
  throw new DingError("peer.refused", `Cannot open a second line to node ${old.peer.nodeId}`, {
    details: { duplicate: true },
  });
}
