import { DingError } from "../../core/errors.ts";
import type { NodeRecord } from "../../protocol/task-mesh.ts";
import { hasMatch } from "../roles.ts";
import type { Peer, PeerChange } from "../router.ts";

/** Another node, as it is reached from here. */
export interface Reached extends Peer {
  readonly boot: string;
  /** The direct neighbour on the way to it. */
  readonly via: number;
  readonly isSuspect: boolean;
  readonly record: NodeRecord;
}

/** Hears of each change of who is reached, once, in order. */
export type OnReach = (change: PeerChange, peer: Reached) => void;

const MOST_UNREACHED = 256;

type Link = NodeRecord["links"][number];

/**
 * Who is in the mesh, from what each node tells of its neighbours. Pure. A node is in it as long as somebody who is in
 * it has a link to it; nobody asks those who are out of reach.
 */
export class Graph {
  readonly #own: () => NodeRecord;
  readonly #onReach: OnReach;
  readonly #records = new Map<string, NodeRecord>();
  #reached = new Map<string, Reached>();
  #byId = new Map<number, Reached>();
  #isDirty = false;

  constructor(own: () => NodeRecord, onReach: OnReach) {
    this.#own = own;
    this.#onReach = onReach;
  }

  /** All others, by node id. */
  get reached(): readonly Reached[] {
    return [...this.#byId.values()].toSorted((a, b) => a.nodeId - b.nodeId);
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Under which boot a node is in the mesh; undefined when it is not. */
  find(nodeId: number): Reached | undefined {
    return this.#byId.get(nodeId);
  }

  /** Throws `network.unreachable` for a node that is not in the mesh. */
  need(nodeId: number): void {
    this.settle();
    if (this.#byId.has(nodeId)) return;
    const told = `Cannot reach node ${nodeId}: it is not in the mesh`;
    throw new DingError("network.unreachable", told, {
      hint: "task.router.peers() tells who is.",
    });
  }

  /** The nodes that have a label that fits, or are meant by "node.3". */
  labelled(pattern: string): number[] {
    this.settle();
    return this.reached
      .filter(({ nodeId, labels }) => hasMatch([`node.${nodeId}`, ...labels], pattern))
      .map(({ nodeId }) => nodeId);
  }

  /** What is known of a node, also one that is not reached. */
  record(boot: string): NodeRecord | undefined {
    return this.#records.get(boot);
  }

  /** Those of others. */
  get records(): readonly NodeRecord[] {
    return [...this.#records.values()];
  }

  /** Takes what a node tells; false when it was known. Then call `update()`, or `settle()` before somebody asks. */
  learn(record: NodeRecord): boolean {
    const known = this.#records.get(record.boot);
    if (record.boot === this.#own().boot || (known && known.version >= record.version))
      return false;
    this.#records.set(record.boot, record);
    this.#isDirty = true;
    return true;
  }

  /** As `update()`, if something was learnt since. */
  settle(): void {
    if (this.#isDirty) this.update();
  }

  /** Has this node a direct link to that one, or had it until a moment ago? */
  areLinked(boot: string, other: string): boolean {
    return this.#records.get(boot)?.links.some(([, linked]) => linked === other) ?? false;
  }

  /** Looks who is reached now, and tells what has changed. */
  update(): void {
    this.#isDirty = false;
    const before = this.#reached;
    const now = this.#reach();
    this.#reached = now;
    this.#byId = new Map([...now.values()].map((peer) => [peer.nodeId, peer]));
    for (const [boot, peer] of before) {
      if (now.has(boot)) continue;
      this.#onReach(this.#hasLeft(boot) ? "peer:leave" : "peer:crash", peer);
      this.#records.delete(boot);
    }
    if (this.#records.size > 4 * now.size + MOST_UNREACHED) this.#forgetUnreached();
    for (const [boot, peer] of now) {
      const was = before.get(boot);
      if (peer.isSuspect && !was?.isSuspect) this.#onReach("peer:suspect", peer);
      else if (!peer.isSuspect && (!was || was.isSuspect)) this.#onReach("peer:join", peer);
    }
  }

  /** First over links that stand; then over those that may come back. */
  #reach(): Map<string, Reached> {
    const reached = new Map<string, Reached>();
    const ids = new Set([this.#own().nodeId]);
    for (const isSuspect of [false, true]) {
      const open: { links: readonly Link[]; via: number | undefined }[] = [
        { links: this.#own().links, via: undefined },
        ...[...reached.values()].map(({ record, via }) => ({ links: record.links, via })),
      ];
      for (let next = open.shift(); next; next = open.shift()) {
        for (const [nodeId, boot, state] of next.links) {
          const record = this.#records.get(boot);
          if (ids.has(nodeId) || !record || (state === "suspect" && !isSuspect)) continue;
          ids.add(nodeId);
          const via = next.via ?? nodeId;
          const labels = new Set(record.labels);
          reached.set(boot, { nodeId, boot, labels, via, isSuspect, record });
          open.push({ links: record.links, via });
        }
      }
    }
    return reached;
  }

  /** A record may come before the link to its node does; but not for ever. */
  #forgetUnreached(): void {
    for (const boot of this.#records.keys()) {
      if (!this.#reached.has(boot)) this.#records.delete(boot);
    }
  }

  #hasLeft(boot: string): boolean {
    const tells = (record: NodeRecord): boolean =>
      record.gone.some(([, gone, how]) => gone === boot && how === "leave");
    return tells(this.#own()) || [...this.#records.values()].some(tells);
  }
}

/** Has the node of this record a line of its own to that boot, or is it that one? */
export function isToldByItself({ boot, links }: NodeRecord, other: string): boolean {
  return boot === other || links.some(([, linked, state]) => linked === other && state === "up");
}
