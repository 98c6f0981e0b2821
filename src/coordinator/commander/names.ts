import type { Random } from "../../replay/random.ts";

/** `collector_task_7f3a09c1`: by the run's own chance, so that the same seed gives the same names. */
export function nameOf(
  what: "collector_task" | "evaluator_task" | "learner_task" | "buffer" | "policy",
  random: Random,
): string {
  const hex = (): string => (random.int32() >>> 0).toString(16).padStart(8, "0");
  return `${what}_${hex()}${hex()}`;
}
