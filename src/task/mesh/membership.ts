import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type { Peer, PeerChange } from "../router.ts";

/** A node that knocks. */
export interface Candidate extends Peer {
  /** Names one run of its process. */
  readonly boot: string;
}

/** How the members are watched. */
export interface MembershipOptions {
  /** This node's own. */
  nodeId: number;
  /** A suspect that is not heard for so long has crashed. */
  crashMs: number;
  clock: Clock;
  /** Each change, once, in order. A member that comes back out of suspicion joins again. */
  onChange: (change: PeerChange, peer: Candidate) => void;
}

interface Member {
  peer: Candidate;
  /** Set while it is a suspect. */
  crashTimer: Disposable | undefined;
}

/**
 * Who is in the mesh. Pure: connections are watched elsewhere, and tell it.
 *
 *   unknown ── join ──→ joined ── suspect (its connection broke, or is silent) ──→ suspect
 *      ↑                  │ ↑____________ join (the same boot is back) _____________│
 *      │                  │                                                        │
 *      └── leave (it said goodbye), crash (it stayed away, or another boot is in its place)
 */
export class Membership implements Disposable {
  readonly #options: MembershipOptions;
  readonly #members = new Map<number, Member>();

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Those that are there; suspects are not. By node id. */
  peers(): Candidate[] {
    return [...this.#members.values()]
      .filter(({ crashTimer }) => !crashTimer)
      .map(({ peer }) => peer)
      .toSorted((a, b) => a.nodeId - b.nodeId);
  }

  /** Is it there, or expected back? */
  has(nodeId: number): boolean {
    return this.#members.has(nodeId);
  }

  /** Throws `peer.refused` when its place is taken by another that is there. */
  check({ nodeId, boot }: Candidate): void {
    const member = this.#members.get(nodeId);
    const isTaken = member && member.peer.boot !== boot && !member.crashTimer;
    if (isTaken || nodeId === this.#options.nodeId) throw taken(nodeId);
  }

  /** A connection to it stands. Throws as `check()`. */
  join(peer: Candidate): void {
    this.check(peer);
    const member = this.#members.get(peer.nodeId);
    if (member && member.peer.boot !== peer.boot) {
      this.#remove(member, "peer:crash");
    } else if (member) {
      if (!member.crashTimer) return;
      member.crashTimer[Symbol.dispose]();
    }
    this.#members.set(peer.nodeId, { peer, crashTimer: undefined });
    this.#options.onChange("peer:join", peer);
  }

  /** Its connection broke, or nothing is heard from it. */
  suspect(nodeId: number, boot: string): void {
    const member = this.#find(nodeId, boot);
    if (!member || member.crashTimer) return;
    const { clock, crashMs, onChange } = this.#options;
    member.crashTimer = clock.after(crashMs, () => this.#remove(member, "peer:crash"));
    onChange("peer:suspect", member.peer);
  }

  /** It said goodbye. */
  leave(nodeId: number, boot: string): void {
    const member = this.#find(nodeId, boot);
    if (member) this.#remove(member, "peer:leave");
  }

  /** It is known to be gone: its program failed, or its session cannot be taken up again. */
  crash(nodeId: number, boot: string): void {
    const member = this.#find(nodeId, boot);
    if (member) this.#remove(member, "peer:crash");
  }

  [Symbol.dispose](): void {
    for (const { crashTimer } of this.#members.values()) crashTimer?.[Symbol.dispose]();
    this.#members.clear();
  }

  /** What is said of an earlier boot comes too late. */
  #find(nodeId: number, boot: string): Member | undefined {
    const member = this.#members.get(nodeId);
    return member?.peer.boot === boot ? member : undefined;
  }

  #remove(member: Member, change: PeerChange): void {
    member.crashTimer?.[Symbol.dispose]();
    this.#members.delete(member.peer.nodeId);
    this.#options.onChange(change, member.peer);
  }
}

function taken(nodeId: number): DingError {
  return new DingError("peer.refused", `Cannot join the mesh as node ${nodeId}: there is one`, {
    hint: "Give each node an id of its own with --node-ids.",
    details: { nodeId, taken: true },
  });
}
