import { DingError } from "../../core/errors.ts";
import { delay } from "../../core/wait.ts";
import { VERBS } from "../plugin/worker-verbs.ts";
import type { AttemptHome, AttemptRun } from "./attempt-run.ts";
import { camelled, collectorInfo, learnInfo, number } from "./words.ts";

/** After an answer that brought nothing. */
const NOTHING_MS = 50;

/** A collector that has no link: it is asked for what it has, one thing or a list of them, until it is done. */
export async function askCollector(run: AttemptRun, home: AttemptHome): Promise<void> {
  while (!run.draining.aborted) {
    const answer = (await run.call(VERBS.COLLECTOR_DATA)) ?? [];
    const items = Array.isArray(answer) ? (answer as unknown[]) : [answer];
    if (items.length === 0) await delay(NOTHING_MS, run.draining).catch(() => {});
    for (const item of items) {
      if (typeof item !== "object" || item === null) {
        throw new DingError("task.failed", `the collector said ${JSON.stringify(item)}, no object`);
      }
      const words = item as Readonly<Record<string, unknown>>;
      if ("data_id" in words || "data" in words) await home.sendData(run, words);
      else if (home.collectorInfo(run, collectorInfo(item))) return;
    }
  }
}

/** A learner that has no link: it says how many items it wants, gets them, and says what came of them. */
export async function askLearner(run: AttemptRun, home: AttemptHome): Promise<void> {
  const { draining } = run;
  while (!draining.aborted) {
    const demand = camelled(await run.call(VERBS.LEARNER_GET_DATA));
    const batchSize = number(demand, "batchSize");
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new DingError("task.failed", `the learner asked for ${batchSize} items`);
    }
    const wanted = { batchSize, iter: number(demand, "curLearnerIter") };
    let data: readonly unknown[];
    try {
      data = await home.getData(run, wanted, draining);
    } catch (thrown) {
      if (draining.aborted) return;
      throw thrown;
    }
    const answer = camelled(await run.call(VERBS.LEARNER_LEARN, { data }));
    if (home.learnerInfo(run, learnInfo(answer["info"] ?? answer))) return;
  }
}
