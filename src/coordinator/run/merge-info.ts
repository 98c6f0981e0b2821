import { isRecord } from "../../core/is-record.ts";

/** What all learners of one task say alike: the first one's word counts. */
const ALIKE: ReadonlySet<string> = new Set([
  "learner_step",
  "learnerStep",
  "learner_done",
  "learnerDone",
  "buffer_id",
  "bufferId",
  "task_id",
  "taskId",
]);

/**
 * What several learners of one task report, as one: lists end to end, objects key by key, what they say alike once, and of
 * anything else a list of what each said.
 */
export function mergeInfo(
  infos: readonly Readonly<Record<string, unknown>>[],
): Record<string, unknown> {
  const [first = {}] = infos;
  return Object.fromEntries(
    Object.keys(first).map((key) => {
      const said = infos.map((info) => info[key]);
      return [key, ALIKE.has(key) ? said[0] : merged(said)];
    }),
  );
}

function merged(said: readonly unknown[]): unknown {
  if (said.every((one) => Array.isArray(one))) return said.flat();
  if (said.every(isRecord)) return mergeInfo(said);
  return [...said];
}
