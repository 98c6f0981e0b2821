import { Recent, type RecentSummary } from "../../telemetry/recent.ts";

interface ClientCount {
  count: number;
  lastMs: number;
  /** When it got its place in the order. */
  readonly placedMs: number;
}

/** What is known of the clients. */
export interface ClientSummary {
  /** Who comes again after it was forgotten counts again. */
  total: number;
  /** Heard of within three minutes. */
  active: number;
  avg: number;
  min: number;
  max: number;
  /** How many clients have the least, and the most. */
  atMin: number;
  atMax: number;
}

const ACTIVE_MS = 180_000;
const BUCKET_MS = 3_000;
/** The order of clients is right to within this: to move one takes longer than all else. */
const ORDER_MS = 1_000;
/** More clients than these are not kept: who was not heard of for the longest time is forgotten. */
const MOST_CLIENTS = 10_000;

/** When things happened, and for whom: the gaps between the last thousand, the rate in steps of three seconds. */
export class Pace {
  readonly #gaps = new Recent();
  readonly #rates = new Recent();
  /** Who was heard of last is the last. */
  readonly #clients = new Map<string, ClientCount>();
  #last: ClientCount | undefined;
  #lastClient = "";
  #forgotten = 0;
  #lastMs = Number.NaN;
  #bucket = Number.NaN;
  #inBucket = 0;

  /** One more, now. */
  record(nowMs: number, client: string): void {
    if (this.#lastMs === this.#lastMs) this.#gaps.record(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    const bucket = Math.floor(nowMs / BUCKET_MS);
    if (bucket !== this.#bucket) this.#turn(bucket);
    this.#inBucket++;
    this.#hear(client, nowMs);
  }

  /** Milliseconds between two, of the last thousand. */
  gaps(): RecentSummary {
    return this.#gaps.summary();
  }

  /** How many a second, in steps of three seconds; steps without any are left out. */
  rates(): RecentSummary {
    return this.#rates.summary();
  }

  clients(nowMs: number): ClientSummary {
    const all = [...this.#clients.values()];
    const counts = all.map(({ count }) => count);
    const [min, max] = all.length === 0 ? [0, 0] : [least(counts), most(counts)];
    return {
      total: all.length + this.#forgotten,
      active: all.filter(({ lastMs }) => nowMs - lastMs <= ACTIVE_MS).length,
      avg: all.length === 0 ? 0 : counts.reduce((sum, count) => sum + count, 0) / all.length,
      min,
      max,
      atMin: counts.filter((count) => count === min).length,
      atMax: counts.filter((count) => count === max).length,
    };
  }

  #turn(bucket: number): void {
    if (this.#inBucket > 0) this.#rates.record((this.#inBucket / BUCKET_MS) * 1_000);
    this.#bucket = bucket;
    this.#inBucket = 0;
  }

  #hear(client: string, nowMs: number): void {
    const last = this.#last;
    // Over HTTP most come from one address: its place in the order is the right one already.
    if (last && this.#lastClient === client) {
      last.count += 1;
      last.lastMs = nowMs;
      return;
    }
    const clients = this.#clients;
    const known = clients.get(client);
    this.#lastClient = client;
    if (known && nowMs - known.placedMs < ORDER_MS) {
      known.count += 1;
      known.lastMs = nowMs;
      this.#last = known;
      return;
    }
    const heard = { count: (known?.count ?? 0) + 1, lastMs: nowMs, placedMs: nowMs };
    clients.delete(client);
    clients.set(client, heard);
    this.#last = heard;
    if (clients.size <= MOST_CLIENTS) return;
    const [longest] = clients.keys();
    if (longest !== undefined) clients.delete(longest);
    this.#forgotten++;
  }
}

function least(counts: readonly number[]): number {
  return counts.reduce((a, b) => Math.min(a, b));
}

function most(counts: readonly number[]): number {
  return counts.reduce((a, b) => Math.max(a, b));
}
