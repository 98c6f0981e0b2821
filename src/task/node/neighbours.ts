import { setImmediate } from "node:timers";
import type { Clock } from "../../core/clock.ts";
import type { DingError } from "../../core/errors.ts";
import type { MeshBegin, MeshGreeting, MeshLack, NodeRecord } from "../../protocol/task-mesh.ts";
import type { Session } from "../../rpc/session.ts";
import { probePort } from "../../runtime/probe.ts";
import { isToldByItself, type Graph } from "../mesh/graph.ts";
import { Membership, type Candidate } from "../mesh/membership.ts";
import type { PeerChange } from "../router.ts";
import { checkDuplicate } from "./duplicates.ts";
import type { Incoming } from "./incoming.ts";
import { Line, type Farewell, type LineEvents } from "./line.ts";
import type { Outgoing } from "./outgoing.ts";
import { placeOf } from "./place.ts";

/** What a node says of itself, but for its neighbours. */
export type OwnFacts = Pick<NodeRecord, "nodeId" | "boot" | "labels" | "address" | "topology">;

/** What the neighbours of a node stand on. */
export interface NeighboursOptions {
  facts: () => OwnFacts;
  /** A suspect that is not heard for so long has crashed. */
  crashMs: number;
  /** One that is silent for so long makes way for another of its id. */
  silentMs: number;
  clock: Clock;
  graph: Graph;
  outgoing: () => Outgoing;
  incoming: () => Incoming;
  missed: (from: number, events: number) => void;
  lacked: (lack: MeshLack, from: Line) => void;
  /** A node said what nobody here understands. */
  broken: (from: number, error: DingError) => void;
}

const NO_LABELS: ReadonlySet<string> = new Set();
const TELL_MS = 10;
/** So many that are gone are told to others. */
const MOST_GONE = 64;

/** The lines of a node to others, and what all of them know of each other. */
export class Neighbours implements LineEvents, Disposable {
  readonly lines: Map<number, Line> = new Map();
  readonly #options: NeighboursOptions;
  readonly #membership: Membership;
  readonly #links = new Map<number, { boot: string; state: "up" | "suspect" }>();
  #gone: NodeRecord["gone"] = [];
  /** Nodes that crashed, or so it seemed: they may come back for what they missed. */
  readonly #lost = new Set<number>();
  #version = 0;
  #telling: Disposable | undefined;
  #isSettlingPlanned = false;
  /** By boot: up to where its log has been handled. */
  readonly #cursors = new Map<string, number>();
  readonly #heads = new WeakMap<Line, number>();
  #isClosed = false;

  constructor(options: NeighboursOptions) {
    this.#options = options;
    const { facts, crashMs, clock } = options;
    this.#membership = new Membership({
      nodeId: facts().nodeId,
      crashMs,
      clock,
      onChange: (change, peer) => this.#onChange(change, peer),
    });
  }

  /** What it tells all others of itself. */
  get record(): NodeRecord {
    return {
      ...this.#options.facts(),
      version: this.#version,
      links: [...this.#links].map(([nodeId, { boot, state }]) => [nodeId, boot, state]),
      gone: this.#gone,
    };
  }

  /** Those whose link stands. */
  get sessions(): Session[] {
    return [...this.lines.values()].map(({ session }) => session).filter((one) => one.isAttached);
  }

  /** Is nobody there, nor expected back? */
  get isEmpty(): boolean {
    return this.#links.size === 0 && this.#lost.size === 0;
  }

  /** A session stands. Throws `peer.refused` when its place is taken, with `duplicate` when it is by itself. */
  adopt(session: Session, peer: MeshGreeting, isDialled: boolean): Line {
    const old = this.lines.get(peer.nodeId);
    this.#checkOld(old, peer, isDialled);
    // What was said before goes the ways that there were.
    const { log, sent } = this.#options.outgoing().head;
    this.#membership.join({ ...peer, labels: new Set(peer.labels) });
    const { clock, facts } = this.#options;
    const { boot } = facts();
    const line = new Line({ session, peer, isDialled, events: this, clock, boot });
    this.lines.set(peer.nodeId, line);
    if (old) this.#replace(old);
    this.#heads.set(line, log);
    const { graph, incoming } = this.#options;
    const others = graph.records.map((record) => ({
      record,
      sent: incoming().sentBy(record.boot),
    }));
    line.sayBegin({
      got: this.#cursors.get(peer.boot) ?? null,
      records: [{ record: this.record, sent }, ...others],
    });
    return line;
  }

  /** Throws as `adopt()` would. */
  checkPlace(peer: MeshGreeting): void {
    this.#checkOld(this.lines.get(peer.nodeId), peer, false);
    this.#membership.check({ ...peer, labels: NO_LABELS });
  }

  begin(line: Line, { got, records }: MeshBegin): void {
    const { incoming, outgoing, graph } = this.#options;
    for (const { record, sent } of records) {
      // What a node that is known already says to all may be on its way here through another.
      const isKnown = record.boot !== line.peer.boot && graph.record(record.boot) !== undefined;
      if (!isKnown) incoming().expect(record.nodeId, record.boot, sent);
    }
    if (this.lines.get(line.peer.nodeId) !== line) return;
    outgoing().attach(line.peer.nodeId, got ?? this.#heads.get(line) ?? 0);
    this.records(
      line,
      records.map(({ record }) => record),
    );
    this.#options.graph.settle();
  }

  records(line: Line, records: NodeRecord[]): void {
    const { graph } = this.#options;
    const news = records.filter((record) => graph.learn(record));
    if (news.length === 0) return;
    for (const other of this.lines.values()) {
      if (other === line) continue;
      const told = news.filter((record) => !isToldByItself(record, other.peer.boot));
      if (told.length > 0) other.sayRecords(told);
    }
    this.#planSettling();
  }

  entry(...[line, note, body]: Parameters<LineEvents["entry"]>): Promise<void> | undefined {
    const { graph, incoming } = this.#options;
    graph.settle(); // whoever is heard is known
    return incoming().accept(line, note, body);
  }

  missed(line: Line, events: number): void {
    this.#options.incoming().onGap(line);
    this.#options.missed(line.peer.nodeId, events);
  }

  taken({ peer }: Line, seq: number): void {
    this.#options.outgoing().onTaken(peer.nodeId, seq);
  }

  lacked(line: Line, lack: MeshLack): void {
    this.#options.lacked(lack, line);
  }

  interrupted(line: Line): void {
    const { nodeId, boot } = line.peer;
    if (this.lines.get(nodeId) !== line || this.#isClosed) return;
    this.#membership.suspect(nodeId, boot);
    this.#probe(line);
  }

  resumed(line: Line): void {
    const { peer } = line;
    if (this.lines.get(peer.nodeId) !== line) return;
    this.#membership.join({ ...peer, labels: new Set(peer.labels) });
  }

  ended(line: Line, farewell: Farewell | undefined, error: DingError | undefined): void {
    const { nodeId, boot } = line.peer;
    if (error?.code === "network.protocol") this.#options.broken(nodeId, error);
    this.#cursors.set(boot, Math.max(line.cursor, this.#cursors.get(boot) ?? 0));
    if (this.lines.get(nodeId) !== line || this.#isClosed) return;
    this.lines.delete(nodeId);
    this.#options.outgoing().detach(nodeId);
    if (farewell === "leave") {
      this.#cursors.delete(boot);
      this.#membership.leave(nodeId, boot);
    } else if (farewell === "crash") this.#membership.crash(nodeId, boot);
    else {
      this.#membership.suspect(nodeId, boot);
      this.#probe(line);
    }
  }

  /** The end: tells the neighbours how. */
  sayFarewell(farewell: Farewell): void {
    this.#isClosed = true;
    for (const line of this.lines.values()) line.sayFarewell(farewell);
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#telling?.[Symbol.dispose]();
    for (const { session } of this.lines.values()) session.end();
    this.lines.clear();
    this.#membership[Symbol.dispose]();
  }

  /** Who says nothing any more, and somebody is there in its place, is taken for dead sooner. */
  #checkOld(old: Line | undefined, { nodeId, boot }: MeshGreeting, isDialled: boolean): void {
    if (old?.peer.boot === boot)
      return checkDuplicate(this.#options.facts().nodeId, old, isDialled);
    const { clock, silentMs } = this.#options;
    if (!old || clock.now() - old.session.heard < silentMs) return;
    this.#membership.suspect(nodeId, old.peer.boot);
  }

  #replace(old: Line): void {
    const { boot } = old.peer;
    this.#cursors.set(boot, Math.max(old.cursor, this.#cursors.get(boot) ?? 0));
    this.#options.outgoing().detach(old.peer.nodeId);
    old.session.end();
  }

  /** Nobody listens any more where it did: it is not only its link that broke. */
  #probe({ peer, session }: Line): void {
    const { nodeId, boot, address } = peer;
    const place = placeOf(address);
    if (place?.port === undefined) return;
    void probePort(place.host, place.port).then((problem) => {
      if (problem?.code !== "network.refused" || this.#isClosed) return;
      if (!session.isAttached && !session.isEnded) session.end(problem);
      this.#membership.crash(nodeId, boot);
    });
  }

  #onChange(change: PeerChange, { nodeId, boot }: Candidate): void {
    const { outgoing } = this.#options;
    if (change === "peer:crash") this.#lost.add(nodeId);
    else this.#lost.delete(nodeId);
    if (change === "peer:join") {
      this.#links.set(nodeId, { boot, state: "up" });
    } else if (change === "peer:suspect") {
      this.#links.set(nodeId, { boot, state: "suspect" });
    } else {
      if (this.#links.get(nodeId)?.boot === boot) this.#links.delete(nodeId);
      const how = change === "peer:leave" ? "leave" : "crash";
      this.#gone = [...this.#gone.filter(([, gone]) => gone !== boot), [nodeId, boot, how] as const]
        .slice(-MOST_GONE)
        .map(([id, gone, told]) => [id, gone, told]);
    }
    this.#pauseOrGoOn(change, nodeId, outgoing());
    this.#version += 1;
    this.#planTelling();
    this.#options.graph.update();
  }

  /** A suspect holds nobody up: what was said to it, its session keeps. */
  #pauseOrGoOn(change: PeerChange, nodeId: number, outgoing: Outgoing): void {
    const line = this.lines.get(nodeId);
    if (!line?.hasBegun) return;
    if (change === "peer:suspect") {
      const told = outgoing.toldTo(nodeId);
      if (told !== undefined) this.#heads.set(line, told);
      outgoing.detach(nodeId);
    } else if (change === "peer:join" && outgoing.toldTo(nodeId) === undefined) {
      outgoing.attach(nodeId, this.#heads.get(line) ?? 0);
    }
  }

  /** Others hear of changes now: what is passed on to them may come from somebody they do not know yet. */
  tellNow(): void {
    if (!this.#telling) return;
    this.#telling[Symbol.dispose]();
    this.#telling = undefined;
    const { record } = this;
    for (const line of this.lines.values()) line.sayRecords([record]);
  }

  /** Many come at a time. */
  #planTelling(): void {
    if (this.#isClosed) return;
    this.#telling ??= this.#options.clock.after(TELL_MS, () => this.tellNow());
  }

  #planSettling(): void {
    if (this.#isSettlingPlanned) return;
    this.#isSettlingPlanned = true;
    setImmediate(() => {
      this.#isSettlingPlanned = false;
      if (!this.#isClosed) this.#options.graph.settle();
    });
  }
}
