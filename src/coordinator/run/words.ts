import type { CollectorFinish, CollectorInfo, LearnInfo } from "../commander/commander.ts";

/** Any object with its keys in the house's spelling: `step_count` is `stepCount`. */
export function camelled(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replaceAll(/_([a-z\d])/g, (_, letter: string) => letter.toUpperCase()),
      item as unknown,
    ]),
  );
}

/** How far a collector says it is, in the house's words or the ancestor's; what it leaves out is 0. */
export function collectorInfo(value: unknown): CollectorInfo {
  const words = camelled(value);
  const episodes = number(words, "episodes", "curEpisode", "realEpisodeCount");
  const { lastReturn } = words;
  return {
    collectorDone: words["collectorDone"] === true,
    envSteps: number(words, "envSteps", "curStep", "stepCount"),
    episodes,
    returnSum: number(words, "returnSum") || number(words, "rewardMean") * episodes,
    lastReturn: typeof lastReturn === "number" ? lastReturn : undefined,
    policyVersion: number(words, "policyVersion", "policyIter", "trainIter"),
  };
}

/** How a collector's task ended. */
export function collectorFinish(value: unknown, isEval: boolean): CollectorFinish {
  const words = camelled(value);
  const info = collectorInfo(value);
  const mean = number(words, "rewardMean");
  return {
    ...info,
    collectorDone: true,
    isEval,
    rewardMean: mean || (info.episodes === 0 ? 0 : info.returnSum / info.episodes),
    rewardStd: number(words, "rewardStd"),
    durationMs: number(words, "durationMs") || number(words, "duration") * 1_000,
    wins: number(words, "wins"),
    draws: number(words, "draws"),
    losses: number(words, "losses"),
  };
}

/** How far a learner says it is. */
export function learnInfo(value: unknown): LearnInfo {
  const words = camelled(value);
  return {
    ...words,
    learnerStep: number(words, "learnerStep"),
    learnerDone: words["learnerDone"] === true,
    policyVersion: number(words, "policyVersion", "policyIter"),
  };
}

/** The first of these keys that is a number; anything else is 0. */
export function number(words: Readonly<Record<string, unknown>>, ...keys: string[]): number {
  for (const key of keys) {
    const value = words[key];
    if (typeof value === "number" && Number.isFinite(value)) return value;
  }
  return 0;
}
