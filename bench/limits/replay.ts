/** Bare typed arrays against the library: inserts of 4-float transitions in batches of 1,000, samples of 256. */
import { Replay } from "../../src/replay/replay.ts";

const SIZE = 1_000_000;
const BATCH = 1_000;
const SAMPLE = 256;
const WIDTH = 4;
const ROUNDS = 3;
const SAMPLES = 5_000;

/** Milliseconds of the fastest of some rounds. */
async function best(run: () => unknown): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const from = performance.now();
    await run();
    least = Math.min(least, performance.now() - from);
  }
  return least;
}

const obs = new Float32Array(BATCH * WIDTH);
const next = new Float32Array(BATCH * WIDTH);
const bare = [new Float32Array(SIZE * WIDTH), new Float32Array(SIZE * WIDTH)] as const;
const out = [new Float32Array(SAMPLE * WIDTH), new Float32Array(SAMPLE * WIDTH)] as const;

const bareInsert = await best(() => {
  for (let at = 0; at < SIZE; at += BATCH) {
    bare[0].set(obs, at * WIDTH);
    bare[1].set(next, at * WIDTH);
  }
});
const bareSample = await best(() => {
  for (let round = 0; round < SAMPLES; round++) {
    for (let at = 0; at < SAMPLE; at++) {
      const from = Math.floor(Math.random() * SIZE) * WIDTH;
      for (let i = 0; i < WIDTH; i++) {
        out[0][at * WIDTH + i] = bare[0][from + i]!;
        out[1][at * WIDTH + i] = bare[1][from + i]!;
      }
    }
  }
});
console.log(`bare: ${perSecond(bareInsert)} M inserts/s, ${perSample(bareSample)} µs a sample`);

for (const sampler of ["uniform", "prioritized"] as const) {
  const column = { dtype: "float32", shape: [WIDTH] } as const;
  const tables = [{ name: "t", maxSize: SIZE, sampler }];
  const replay = new Replay({ schema: { obs: column, next: column }, tables });
  const insert = await best(async () => {
    for (let at = 0; at < SIZE; at += BATCH) await replay.insert({ obs, next });
  });
  let batch = replay.trySample("t", SAMPLE)!;
  const sample = await best(() => {
    for (let round = 0; round < SAMPLES; round++) {
      batch = replay.trySample("t", SAMPLE, { into: batch })!;
    }
  });
  const from = performance.now();
  using snapshot = replay.snapshot();
  const pauseMs = (performance.now() - from).toFixed(1);
  const parts = [...snapshot].length;
  console.log(
    `${sampler}: ${perSecond(insert)} M inserts/s (${(bareInsert / insert).toFixed(2)} of bare),`,
    `${perSample(sample)} µs a sample (${(sample / bareSample).toFixed(1)} times bare),`,
    `snapshot stops it for ${pauseMs} ms, ${parts} parts`,
  );
}

function perSecond(ms: number): string {
  return (SIZE / ms / 1000).toFixed(1);
}

function perSample(ms: number): string {
  return ((ms * 1000) / SAMPLES).toFixed(1);
}
