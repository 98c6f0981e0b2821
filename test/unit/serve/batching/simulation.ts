import { Batcher, type BatcherOptions, type Piece } from "../../../../src/serve/batcher.ts";
import type { Chance } from "../../../support/chance.ts";

/** A server with a batcher, its workers and its callers, in a time of its own. */
export interface SceneOptions extends Partial<BatcherOptions> {
  maxBatchRows: number;
  workers: number;
  /** What a batch of so many items takes. */
  batchMs: (rows: number) => number;
  chance: Chance;
  /** What the host does for each request and for each answer, one after the other. */
  hostMs?: number;
  /** From the host to the caller, and back. */
  wireMs?: number;
  /** Timers ring at whole numbers of this. */
  timerMs?: number;
}

interface Call {
  readonly client: string;
  readonly sentMs: number;
  readonly onAnswer: (answer: Answer) => void;
  rowsLeft: number;
}

export interface Answer {
  readonly atMs: number;
  readonly ms: number;
}

export interface Asked {
  client: string;
  rows?: number;
  priority?: number;
  onAnswer: (answer: Answer) => void;
}

interface Happening {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Plays a scene event by event; nothing in it takes real time. */
export class Scene {
  readonly batcher: Batcher<Call>;
  readonly batches: { atMs: number; rows: number; ms: number; clients: string[] }[] = [];
  now = 0;
  refused = 0;
  waits = 0;
  readonly #options: Required<Pick<SceneOptions, "hostMs" | "wireMs" | "timerMs">> & SceneOptions;
  readonly #heap: Happening[] = [];
  #order = 0;
  #busy = 0;
  #hostFreeMs = 0;
  #alarm = 0;

  constructor(options: SceneOptions) {
    this.#options = { hostMs: 0.02, wireMs: 0.05, timerMs: 1, ...options };
    const { maxBatchRows, timeoutMs = 5, maxQueuedRows = 1e6 } = options;
    this.batcher = new Batcher({ maxBatchRows, timeoutMs, maxQueuedRows });
  }

  /** A request that a caller sends now. */
  ask({ client, rows = 1, priority = 0, onAnswer }: Asked): void {
    const call: Call = { client, sentMs: this.now, onAnswer, rowsLeft: rows };
    this.#onWire(() =>
      this.#onHost(() => {
        const entry = { rows, client, priority, deadline: Infinity, value: call };
        if (!this.batcher.add(entry, this.now).ok) this.refused += 1;
        this.#pump();
      }),
    );
  }

  after(ms: number, run: () => void): void {
    const happening = { atMs: this.now + ms, order: this.#order++, run };
    let at = this.#heap.push(happening) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent] as Happening;
      if (!isBefore(happening, above)) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = happening;
  }

  /** Plays until this moment. */
  play(untilMs: number): void {
    for (let first = this.#heap[0]; first && first.atMs <= untilMs; first = this.#heap[0]) {
      this.#pop();
      this.now = first.atMs;
      first.run();
    }
    this.now = untilMs;
  }

  #pump(): void {
    const { workers } = this.#options;
    for (;;) {
      const turn = this.batcher.next(this.now, { free: workers - this.#busy, workers });
      if (!turn) return;
      if ("waitMs" in turn) return this.#wake(turn.waitMs);
      this.#run(turn.batch);
    }
  }

  #wake(waitMs: number): void {
    const { timerMs } = this.#options;
    this.waits += 1;
    const alarm = (this.#alarm += 1);
    const ms = timerMs === 0 ? waitMs : Math.max(1, Math.ceil(waitMs / timerMs)) * timerMs;
    this.after(ms, () => {
      if (alarm === this.#alarm) this.#pump();
    });
  }

  #run(batch: readonly Piece<Call>[]): void {
    const { batchMs, chance } = this.#options;
    const rows = batch.reduce((sum, piece) => sum + piece.rows, 0);
    const ms = batchMs(rows) * (0.97 + 0.06 * chance.next());
    const clients = batch.map(({ entry }) => entry.client);
    this.batches.push({ atMs: this.now, rows, ms, clients });
    this.#busy += 1;
    const startedMs = this.now;
    this.after(ms, () =>
      this.#onHost(() => {
        this.#busy -= 1;
        this.batcher.onBatchEnd(batch, { now: this.now, ms: this.now - startedMs });
        for (const { entry, rows: done } of batch) this.#answer(entry.value, done);
        this.#pump();
      }),
    );
  }

  #answer(call: Call, rows: number): void {
    call.rowsLeft -= rows;
    if (call.rowsLeft > 0) return;
    this.#onHost(() =>
      this.#onWire(() => call.onAnswer({ atMs: this.now, ms: this.now - call.sentMs })),
    );
  }

  /** The host does one thing after the other. */
  #onHost(run: () => void): void {
    this.#hostFreeMs = Math.max(this.#hostFreeMs, this.now) + this.#options.hostMs;
    this.after(this.#hostFreeMs - this.now, run);
  }

  /** Half of the ways take about as long as they should, a few much longer. */
  #onWire(run: () => void): void {
    const { wireMs, chance } = this.#options;
    this.after(wireMs * (0.5 - 0.7 * Math.log(1 - chance.next())), run);
  }

  #pop(): void {
    const last = this.#heap.pop() as Happening;
    if (this.#heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const right = this.#heap[child + 1];
      const left = this.#heap[child];
      if (!left) break;
      if (right && isBefore(right, left)) child += 1;
      const least = this.#heap[child] as Happening;
      if (!isBefore(least, last)) break;
      this.#heap[at] = least;
      at = child;
    }
    this.#heap[at] = last;
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** What callers saw after the first while. */
export interface Seen {
  perSecond: number;
  p50: number;
  p99: number;
  meanRows: number;
  meanBatchMs: number;
}

const WARM_UP_MS = 500;

/** Callers that each wait for the answer and ask again at once. */
export function closedLoop(
  scene: Scene,
  { clients, forMs, rows = 1 }: { clients: number; forMs: number; rows?: number },
): Seen {
  const ms: number[] = [];
  const start = scene.now;
  for (let index = 0; index < clients; index++) {
    const client = `client-${index}`;
    const ask = () =>
      scene.ask({
        client,
        rows,
        onAnswer(answer) {
          if (answer.atMs >= start + WARM_UP_MS) ms.push(answer.ms);
          ask();
        },
      });
    ask();
  }
  scene.play(start + WARM_UP_MS + forMs);
  return seen(scene, ms, { fromMs: start + WARM_UP_MS, forMs });
}

/** Callers that come when they like, `perSecond` on average, whether or not they are answered. */
export function openLoop(
  scene: Scene,
  { perSecond, forMs, chance }: { perSecond: number; forMs: number; chance: Chance },
): Seen {
  const ms: number[] = [];
  const start = scene.now;
  let index = 0;
  const come = () => {
    scene.ask({
      client: `client-${index++}`,
      onAnswer(answer) {
        if (answer.atMs >= start + WARM_UP_MS) ms.push(answer.ms);
      },
    });
    scene.after((-1_000 * Math.log(1 - chance.next())) / perSecond, come);
  };
  come();
  scene.play(start + WARM_UP_MS + forMs);
  return seen(scene, ms, { fromMs: start + WARM_UP_MS, forMs });
}

function seen(
  { batches }: Scene,
  ms: number[],
  { fromMs, forMs }: { fromMs: number; forMs: number },
): Seen {
  const sorted = Float64Array.from(ms).sort();
  const late = batches.filter(({ atMs }) => atMs >= fromMs);
  const mean = (pick: (batch: { rows: number; ms: number }) => number) =>
    late.reduce((sum, batch) => sum + pick(batch), 0) / late.length;
  return {
    perSecond: (1_000 * ms.length) / forMs,
    p50: sorted[Math.floor(sorted.length * 0.5)] ?? 0,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    meanRows: mean(({ rows }) => rows),
    meanBatchMs: mean((batch) => batch.ms),
  };
}
