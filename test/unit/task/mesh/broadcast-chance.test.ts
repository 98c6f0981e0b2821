import { expect, test } from "bun:test";
import { Broadcast } from "../../../../src/task/mesh/broadcast.ts";
import type { Said, SlowPeerPolicy } from "../../../../src/task/mesh/feed.ts";
import { Reception } from "../../../../src/task/mesh/reception.ts";
import { Chance } from "../../../support/chance.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

const NODES = [1, 2, 3];
const RETRY_MS = 50;

const WRITTEN_AGAIN = 255;

function bodyOf(seq: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([seq % WRITTEN_AGAIN]);
}

interface Frame {
  at: number;
  run: () => void;
}

/** One sender, three receivers, and between them a network that loses, repeats, overtakes and breaks. */
class Simulation {
  readonly clock = new FakeClock();
  readonly chance: Chance;
  readonly broadcast: Broadcast;
  readonly receivers = new Map<
    number,
    { reception: Reception; heard: number[]; missed: number[] }
  >();
  /** What each of them is to hear: the number of each event and whom it is for. */
  readonly emitted: { seq: number; to: number | undefined }[] = [];
  /** How often memory was free to be written again. */
  freed = 0;
  readonly #policy: SlowPeerPolicy;
  #frames: Frame[] = [];
  #isHealed = false;

  constructor(seed: number, windowEvents: number, policy: SlowPeerPolicy) {
    this.chance = new Chance(seed);
    this.#policy = policy;
    const flight = { events: 20, bytes: 2_000 };
    const window = { events: windowEvents, bytes: 1_000_000 };
    const waiting = { events: 50, bytes: 50_000 };
    const free = (memory: Uint8Array): void => {
      memory.fill(WRITTEN_AGAIN);
      this.freed += 1;
    };
    this.broadcast = new Broadcast({ window, flight, waiting, free });
    for (const node of NODES) this.#addReceiver(node);
  }

  run(steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#emit();
      this.#breakOrMend();
      this.#turn();
    }
    this.#isHealed = true;
    for (const node of NODES) this.#attach(node);
    for (let step = 0; step < 3_000 && !this.isQuiet; step++) this.#turn();
  }

  /** Everybody has all that is for it, and nothing is under way. */
  get isQuiet(): boolean {
    const isDone = (node: number): boolean =>
      (this.receivers.get(node)?.reception.cursor ?? 0) >= this.lastFor(node);
    return this.#frames.length === 0 && NODES.every(isDone);
  }

  lastFor(node: number): number {
    return this.emitted.findLast(({ to }) => to === undefined || to === node)?.seq ?? 0;
  }

  get pending(): number {
    return this.clock.pending;
  }

  #addReceiver(node: number): void {
    const heard: number[] = [];
    const missed: number[] = [];
    const reception = new Reception({
      after: 0,
      deliver: ({ seq, body }) => {
        expect(body).toEqual(bodyOf(seq));
        heard.push(seq);
      },
      missed: (after, upTo) => {
        for (let seq = after + 1; seq <= upTo; seq++) missed.push(seq);
      },
      ask: (after) => this.#send(() => this.broadcast.onAsk(node, after)),
      retryMs: RETRY_MS,
      mostEarly: 8,
      clock: this.clock,
    });
    this.receivers.set(node, { reception, heard, missed });
    this.broadcast.attach(node, this.#policy);
  }

  #emit(): void {
    for (let count = this.chance.integer(0, 4); count > 0; count--) {
      const to = this.chance.next() < 0.3 ? this.chance.pick(NODES) : undefined;
      const seq = this.emitted.length + 1;
      try {
        const memory = bodyOf(seq);
        void this.broadcast.emit({ body: memory, to, memory });
        this.emitted.push({ seq, to });
      } catch {
        // Too many wait for a slow node: this one is never said, and has no number.
      }
    }
  }

  #breakOrMend(): void {
    const node = this.chance.pick(NODES);
    if (this.chance.next() < 0.02) this.broadcast.detach(node);
    if (this.chance.next() < 0.1 && !this.broadcast.feeds.has(node)) this.#attach(node);
  }

  /** It tells where it stands; what is still under way of the old connection arrives all the same. */
  #attach(node: number): void {
    this.broadcast.attach(node, this.#policy, this.receivers.get(node)?.reception.cursor ?? 0);
  }

  #turn(): void {
    for (const [node, feed] of this.broadcast.feeds) {
      const receiver = this.receivers.get(node);
      if (!receiver) continue;
      const accept = (said: Said): void => {
        receiver.reception.accept(said);
        const { cursor } = receiver.reception;
        this.#send(() => this.broadcast.onTaken(node, cursor));
      };
      for (let said = feed.next(); said; said = feed.next()) {
        const frame = said;
        this.#send(() => accept(frame));
      }
      const { told } = feed;
      if (this.chance.next() < 0.1) this.#send(() => receiver.reception.onTold(told));
      const { cursor } = receiver.reception;
      if (this.chance.next() < 0.1) this.#send(() => this.broadcast.onTaken(node, cursor));
    }
    this.clock.advance(10);
    const due = this.#frames.filter(({ at }) => at <= this.clock.now());
    this.#frames = this.#frames.filter(({ at }) => at > this.clock.now());
    for (const { run } of due) run();
  }

  #send(run: () => void): void {
    const times = this.#isHealed ? 1 : this.chance.pick([0, 1, 1, 1, 1, 1, 1, 2]);
    for (let count = 0; count < times; count++) {
      const delayMs = this.#isHealed ? 0 : this.chance.integer(0, 60);
      this.#frames.push({ at: this.clock.now() + delayMs, run });
    }
  }
}

function checkEach(simulation: Simulation, mayMiss: boolean): void {
  for (const [node, { heard, missed, reception }] of simulation.receivers) {
    const own = simulation.emitted
      .filter(({ seq, to }) => seq <= reception.cursor && (to === undefined || to === node))
      .map(({ seq }) => seq);
    const gone = new Set(missed);
    expect(heard).toEqual(own.filter((seq) => !gone.has(seq)));
    if (!mayMiss) expect(missed).toEqual([]);
    expect(own.at(-1)).toBe(simulation.lastFor(node));
    reception[Symbol.dispose]();
  }
  expect(simulation.pending).toBe(0);
}

/** Plays it for many seeds; gives how many events were missed, and how often memory was freed, in all. */
function play(
  windowEvents: number,
  policy: SlowPeerPolicy,
  mayMiss: boolean,
): { missed: number; freed: number } {
  let missed = 0;
  let freed = 0;
  for (let seed = 1; seed <= 20; seed++) {
    try {
      const simulation = new Simulation(seed, windowEvents, policy);
      simulation.run(300);
      checkEach(simulation, mayMiss);
      for (const receiver of simulation.receivers.values()) missed += receiver.missed.length;
      freed += simulation.freed;
    } catch (thrown) {
      throw new Error(`Seed ${seed}`, { cause: thrown });
    }
  }
  return { missed, freed };
}

test("each listener hears each event once and in order, over loss, repetition, overtaking and breaks", () => {
  play(100_000, "slow", false);
});

test("what is no longer in the window is told as missed, all else comes once and in order", () => {
  const { missed, freed } = play(30, "slow", true);
  expect([missed > 0, freed > 0]).toEqual([true, true]);
});

test("a peer that is passed over is told what it missed, all else comes once and in order", () => {
  expect(play(100_000, "drop", true).missed).toBeGreaterThan(0);
  expect(play(60, "drop", true).freed).toBeGreaterThan(0);
});
