import { defineLearner, type LearnerContext } from "ding";
import { bytesOf, freshValues, learnFrom, valuesOf } from "./values.ts";

/** Boards of one update. */
const BATCH = 1_024;

/** Takes the games of the main player, and publishes what it knows now. */
async function learn({ weights, replay, draining, report }: LearnerContext): Promise<void> {
  const last = await weights.latest({ signal: draining });
  const values = last ? valuesOf(last.bytes) : freshValues();
  let version = last?.version ?? (await weights.publish(bytesOf(values)));
  while (!draining.aborted) {
    const { columns } = await replay.sample(BATCH, { signal: draining });
    learnFrom(values, columns["board"] as Int32Array, columns["score"] as Float32Array);
    version = await weights.publish(bytesOf(values));
    report({ learnerStep: version });
  }
}

export default defineLearner({ learn });
