import { defineModel } from "ding";

const BATCH_MS = 5;

/** What a batch takes here, on average; a model of its own counts it in each worker. */
interface Times {
  batches: number;
  sumMs: number;
}

// Each batch keeps its worker for 5 ms, as a device would; the answer is how long its batches really take.
// oxlint-disable-next-line import/no-default-export -- this is how a plugin hands over its model
export default defineModel({
  input: { x: { datatype: "FP32", shape: [-1, 2] } },
  output: { ms: { datatype: "FP32", shape: [-1, 1] } },
  load: (): Times => ({ batches: 0, sumMs: 0 }),
  predict(times, inputs) {
    const startedMs = performance.now();
    Bun.sleepSync(BATCH_MS);
    times.batches += 1;
    times.sumMs += performance.now() - startedMs;
    return inputs.map(() => ({ ms: [times.sumMs / times.batches] }));
  },
});
