import { defineCollector, defineEvaluator, defineLearner } from "../../src/index.ts";
import type { SlavePlugin } from "../../src/slave/plugin.ts";

const encode = (value: number): Uint8Array => new TextEncoder().encode(String(value));
const decode = (bytes: Uint8Array): number => Number(new TextDecoder().decode(bytes));

/** Inserts one item a step, and reports an episode each; its return is the number that the weights are. */
export function lineCollector({ pauseMs = 1 }: { pauseMs?: number } = {}): SlavePlugin {
  return defineCollector({
    async collect({ task, weights, replay, draining, steps, episode }) {
      for (let played = 0; !draining.aborted && played < (task.episodes ?? Infinity); played++) {
        const newest = await weights.latest();
        const version = newest?.version ?? 0;
        if (!task.isEval) await replay.insert([{ at: played }], { policyVersion: version });
        steps(1, version);
        episode({ return: newest ? decode(newest.bytes) : 0 });
        await Bun.sleep(pauseMs);
      }
    },
  });
}

/** Says what number the weights are. */
export function lineEvaluator(): SlavePlugin {
  return defineEvaluator({
    async evaluate({ task, weights, episode }) {
      const { bytes } = await weights.next();
      for (let played = 0; played < (task.episodes ?? 1); played++)
        episode({ return: decode(bytes) });
    },
  });
}

/** Makes the weights, a number, greater by one with each sample; goes on from the newest there are. */
export function lineLearner({ batch = 4, pauseMs = 1 } = {}): SlavePlugin {
  return defineLearner({
    async learn({ weights, replay, draining, report }) {
      const before = await weights.latest();
      let skill = before ? decode(before.bytes) : 0;
      while (!draining.aborted) {
        await replay.sample(batch, { signal: draining });
        skill += 1;
        await weights.publish(encode(skill));
        report({ learnerStep: skill });
        await Bun.sleep(pauseMs);
      }
    },
  });
}
