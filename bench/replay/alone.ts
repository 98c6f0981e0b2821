import { Replay } from "../../src/replay/replay.ts";
import type { SampleBatch } from "../../src/replay/batch.ts";
import type { SelectorKind } from "../../src/replay/selector/selector.ts";
import { BareReplay } from "../limits/replay.ts";
import { inTurns, median } from "../support/rounds.ts";
import { ratioRow, type Row, valueRow } from "../support/row.ts";

const WIDTH = 4;
const BATCH = 1_000;
const ITEMS = 1_000_000;
const SAMPLE = 256;
/** Of one round, and how many rounds: a round is over before whatever else runs here has its turn, most times. */
const SAMPLES = 200;
const SAMPLE_ROUNDS = 300;
const ROUNDS = 5;
const FRAME = [84, 84, 4] as const;
const FRAME_BYTES = 84 * 84 * 4;
const FRAMES = 4_096;
const FRAMES_AT_ONCE = 64;
const COLUMN = { dtype: "float32", shape: [WIDTH] } as const;
const ITEM_SCHEMA = { obs: COLUMN, next: COLUMN };

/** The library without a link, against typed arrays. */
export async function* alone(): AsyncGenerator<Row> {
  // Bare typed arrays get 41 M/s of such transitions where the machine is quiet: 0.35 of it is 14 M/s.
  yield await inserts("uniform", 0.35);
  yield await inserts("prioritized");
  // There a bare sample takes 1.9 µs: at most 6 µs and 50 µs are 3.2 and 26 times that. Once at the size that the
  // ancestor's buffers have if nothing is said, once where caches do not hold it any more.
  for (const items of [10_000, ITEMS]) {
    yield* samples("uniform", items, { bound: 3.2, boundMicros: 6 });
    yield* samples("prioritized", items, { bound: 26, boundMicros: 50 });
  }
  yield await frames();
  yield* snapshots();
}

function replayOf(sampler: SelectorKind, maxSize: number): Replay {
  return new Replay({ schema: ITEM_SCHEMA, tables: [{ name: "t", maxSize, sampler }] });
}

async function fill(replay: Replay, count: number): Promise<void> {
  const obs = new Float32Array(BATCH * WIDTH);
  for (let at = 0; at < count; at += BATCH) await replay.insert({ obs, next: obs });
}

async function inserts(sampler: SelectorKind, bound?: number): Promise<Row> {
  const bare = new BareReplay(ITEMS, WIDTH);
  const one = new Float32Array(WIDTH);
  const replay = replayOf(sampler, ITEMS);
  const compared = await inTurns({
    rounds: ROUNDS,
    warmUps: 2,
    limit: async () => {
      const from = performance.now();
      for (let at = 0; at < ITEMS; at++) bare.push(one, one);
      return await Promise.resolve((ITEMS / (performance.now() - from)) * 1000);
    },
    real: async () => {
      const from = performance.now();
      await fill(replay, ITEMS);
      return (ITEMS / (performance.now() - from)) * 1000;
    },
  });
  const id = `insert 4 floats twice, batches of ${BATCH}, ${sampler}`;
  return ratioRow({ id, unit: "/s", ...(bound !== undefined && { bound }) }, compared);
}

async function* samples(
  sampler: SelectorKind,
  items: number,
  { bound, boundMicros }: { bound: number; boundMicros: number },
): AsyncGenerator<Row> {
  const bare = new BareReplay(items, WIDTH);
  const [obs, next] = [new Float32Array(SAMPLE * WIDTH), new Float32Array(SAMPLE * WIDTH)];
  const one = new Float32Array(WIDTH).fill(1);
  for (let at = 0; at < items; at++) bare.push(one, one); // memory that nobody has written to is one page
  const replay = replayOf(sampler, items);
  await fill(replay, items);
  let batch: SampleBatch | undefined;
  const micros = (from: number): number => ((performance.now() - from) * 1000) / SAMPLES;
  const compared = await inTurns({
    rounds: SAMPLE_ROUNDS,
    warmUps: 20,
    limit: () => {
      const from = performance.now();
      for (let round = 0; round < SAMPLES; round++) bare.sample(obs, next);
      return Promise.resolve(micros(from));
    },
    real: () => {
      const from = performance.now();
      for (let round = 0; round < SAMPLES; round++) {
        batch = replay.trySample("t", SAMPLE, batch ? { into: batch } : {});
      }
      return Promise.resolve(micros(from));
    },
  });
  yield ratioRow({ id: `sample ${SAMPLE} of ${items}, ${sampler}`, unit: "µs", bound }, compared);
  // What does not fit into the caches is a matter of the machine's memory.
  const as = items === ITEMS ? {} : { bound: boundMicros };
  const id = "the same, as it is";
  yield valueRow({ id, unit: "µs", ...as }, compared.value, compared.limit);
}

async function frames(): Promise<Row> {
  const replay = new Replay({
    schema: { frame: { dtype: "uint8", shape: FRAME } },
    tables: [{ name: "t", maxSize: FRAMES }],
  });
  const frame = new Uint8Array(FRAMES_AT_ONCE * FRAME_BYTES);
  const rates: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    for (let at = 0; at < FRAMES; at += FRAMES_AT_ONCE) await replay.insert({ frame });
    rates.push((FRAMES * FRAME_BYTES) / 1e6 / (performance.now() - from));
  }
  return valueRow({ id: "insert frames of 84×84×4", unit: "GB/s", bound: 0.5 }, median(rates));
}

/** How long nobody can insert or sample: while the snapshot begins, and while a part of it is made. */
async function* snapshots(): AsyncGenerator<Row> {
  for (const sampler of ["uniform", "prioritized"] as const) {
    const replay = replayOf(sampler, ITEMS);
    await fill(replay, ITEMS);
    const rounds = Array.from({ length: ROUNDS }, () => pauseOf(replay));
    yield valueRow(
      { id: `longest pause of a snapshot, 1 M, ${sampler}`, unit: "ms", bound: 50 },
      Math.max(...rounds),
    );
  }
}

function pauseOf(replay: Replay): number {
  let longest = 0;
  const timed = <T>(work: () => T): T => {
    const from = performance.now();
    const value = work();
    longest = Math.max(longest, performance.now() - from);
    return value;
  };
  using snapshot = timed(() => replay.snapshot());
  const parts = snapshot[Symbol.iterator]();
  for (;;) {
    if (timed(() => parts.next()).done === true) return longest;
    timed(() => replay.trySample("t", SAMPLE));
  }
}
