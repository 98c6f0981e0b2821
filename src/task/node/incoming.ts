import type { Clock } from "../../core/clock.ts";
import { NetworkError } from "../../core/errors.ts";
import { decodeFrames } from "../../protocol/codec.ts";
import {
  isMeshWord,
  WORDS,
  type EntryNote,
  type MeshLack,
  type MeshWord,
} from "../../protocol/task-mesh.ts";
import type { Graph } from "../mesh/graph.ts";
import { Origin, type Stream } from "../mesh/origin.ts";
import type { Incoming as Entry } from "../mesh/reception.ts";
import type { PeerChange } from "../router.ts";
import type { Line } from "./line.ts";

/** What a node's receiving end stands on. */
export interface IncomingOptions {
  nodeId: number;
  graph: Graph;
  /** Lines to direct neighbours, by node id. */
  lines: ReadonlyMap<number, Line>;
  clock: Clock;
  /** An event, in order; the next one comes when what this gives has resolved. */
  event: (event: string, args: readonly unknown[], bytes: number) => Promise<void> | undefined;
  /** What another node says among its events. */
  word: (word: MeshWord, from: number) => void;
  /** Passes an entry on to these neighbours. */
  relay: (
    body: Uint8Array,
    to: number | ReadonlySet<number>,
    note: EntryNote,
  ) => Promise<void> | undefined;
  /** Asks the origin of entries that do not come for them, wherever it is. */
  lack: (lack: MeshLack) => void;
  /** So many events of this node will never come. */
  missed: (from: number, events: number) => void;
}

/** An entry that goes in circles ends. */
export const MOST_HOPS: number = 16;

interface Passed {
  note: EntryNote;
  from: Line;
}

/** What comes from other nodes: put in order, handed over, and passed on to those who have no line to its origin. */
export class Incoming implements Disposable {
  readonly #options: IncomingOptions;
  readonly #origins = new Map<string, Origin>();
  /** By which neighbour the latest entry of an origin came. */
  readonly #bringers = new Map<string, number>();
  /** By boot: nodes that crashed, or so it seemed. */
  readonly #lost = new Set<string>();
  #events = 0;
  #isClosed = false;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  /** How many events and words have come. */
  get events(): number {
    return this.#events;
  }

  /** Up to here the entries of this node for everybody are not told again; 0 for one that is not known. */
  sentBy(boot: string): number {
    return this.#origins.get(boot)?.cursor ?? 0;
  }

  /** A node is heard of for the first time: its entries for everybody up to `after` are not for this one. */
  expect(nodeId: number, boot: string, after: number): void {
    if (!this.#isClosed && !this.#origins.has(boot))
      this.#origins.set(boot, this.#originOf(nodeId, boot, after));
  }

  /** Who has left does not come back. Who is there again may have said things meanwhile that went nowhere. */
  onReach(change: PeerChange, boot: string): void {
    const origin = this.#origins.get(boot);
    if (change === "peer:crash" && origin) this.#lost.add(boot);
    if (change === "peer:join" && this.#lost.delete(boot) && !this.#hasLine(boot)) origin?.ask();
    if (change !== "peer:leave") return;
    origin?.[Symbol.dispose]();
    this.#origins.delete(boot);
    this.#bringers.delete(boot);
    this.#lost.delete(boot);
  }

  /** Then its beginning says what is lacking. */
  #hasLine(boot: string): boolean {
    return [...this.#options.lines.values()].some(({ peer }) => peer.boot === boot);
  }

  /** A neighbour does not have some of what it had for this node any more. */
  onGap({ peer }: Line): void {
    for (const [boot, bringer] of this.#bringers) {
      if (bringer === peer.nodeId) this.#origins.get(boot)?.expectGap();
    }
  }

  /** Resolves when it has been taken; undefined is at once. */
  accept(from: Line, note: EntryNote, body: Uint8Array): Promise<void> | undefined {
    const [to, seq, nodeId, boot, , again] = note;
    if (this.#isClosed) return undefined;
    if (to !== null && to !== this.#options.nodeId) return this.#passOn(to, note, { body, from });
    this.expect(nodeId, boot, seq - 1);
    this.#bringers.set(boot, from.peer.nodeId);
    const passed: Passed = { note, from };
    const stream: Stream = to === null || again === 1 ? "all" : "own";
    return this.#origins.get(boot)?.accept(stream, { seq, body, note: passed });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const origin of this.#origins.values()) origin[Symbol.dispose]();
    this.#origins.clear();
  }

  #originOf(nodeId: number, boot: string, after: number): Origin {
    const { clock, missed, lack, nodeId: asker } = this.#options;
    return new Origin({
      after,
      take: (entry) => this.#take(entry),
      missed: (entries) => missed(nodeId, entries),
      ask: (stream, from) => lack([stream, from, asker, nodeId, boot, 0]),
      clock,
    });
  }

  /** For another node alone: it goes on undecoded. */
  #passOn(
    to: number,
    note: EntryNote,
    { body, from }: { body: Uint8Array; from: Line },
  ): Promise<void> | undefined {
    const via = this.#options.graph.find(to)?.via;
    if (via === undefined || via === from.peer.nodeId || note[4] >= MOST_HOPS) return undefined;
    return this.#options.relay(body, via, oneHopOn(note));
  }

  #take({ body, note }: Entry): Promise<void> | undefined {
    const { note: told, from } = note as Passed;
    const values: unknown[] = [];
    try {
      decodeFrames(body, (value) => values.push(value));
    } catch (error) {
      return Promise.reject(error as Error);
    }
    const audience = told[0] === null ? this.#audienceOf(told, from) : undefined;
    if (audience && !isEntry(values)) return Promise.reject(broken());
    const relayed = audience && this.#options.relay(body, audience, oneHopOn(told));
    const taken = this.#handOver(values, { from: told[2], bytes: body.length / values.length });
    return relayed && taken ? Promise.all([relayed, taken]).then(() => {}) : (relayed ?? taken);
  }

  /** Neighbours that do not hear it from its origin themselves. */
  #audienceOf([, , , boot, hops]: EntryNote, from: Line): ReadonlySet<number> | undefined {
    const { lines, graph } = this.#options;
    if (lines.size < 2 || hops >= MOST_HOPS) return undefined;
    const others = [...lines.values()].filter(
      ({ peer }) => peer !== from.peer && peer.boot !== boot && !graph.areLinked(peer.boot, boot),
    );
    return others.length > 0 ? new Set(others.map(({ peer }) => peer.nodeId)) : undefined;
  }

  #handOver(
    values: readonly unknown[],
    entry: { from: number; bytes: number },
    { start = 0, event = "" }: { start?: number; event?: string } = {},
  ): Promise<void> | undefined {
    let name = event;
    for (let index = start; index < values.length; index++) {
      const value = values[index];
      if (typeof value === "string") {
        name = value;
      } else if (value === null) {
        continue; // put there for what follows to lie right
      } else if (!Array.isArray(value) || name === "") {
        return Promise.reject(broken());
      } else if (name === WORDS) {
        if (!isMeshWord(value)) return Promise.reject(broken());
        this.#events += 1;
        this.#options.word(value, entry.from);
      } else {
        this.#events += 1;
        const handling = this.#options.event(name, value, entry.bytes);
        if (!handling) continue;
        const next = { start: index + 1, event: name };
        return handling.then(() => this.#handOver(values, entry, next));
      }
    }
    return undefined;
  }
}

function oneHopOn([to, seq, nodeId, boot, hops, ...again]: EntryNote): EntryNote {
  return [to, seq, nodeId, boot, hops + 1, ...again];
}

/** Whoever passes on what is none would have its own lines ended for it. */
function isEntry(values: readonly unknown[]): boolean {
  let name = "";
  for (const value of values) {
    if (typeof value === "string") name = value;
    else if (value === null) continue;
    else if (!Array.isArray(value) || name === "") return false;
    else if (name === WORDS && !isMeshWord(value)) return false;
  }
  return true;
}

function broken(): NetworkError {
  return new NetworkError(
    "network.protocol",
    "Cannot understand node: an event is not as it should be",
  );
}
