import { DingError } from "../src/core/errors.ts";
import type { DIJobSize, DIJobTask } from "../src/deploy/task-manifest.ts";

/** What was said of a DIJob's size. */
export interface SizeOptions {
  name: string;
  replicas?: number | undefined;
  minReplicas?: number | undefined;
  maxReplicas?: number | undefined;
  /** learner=1,none:helper=2 */
  tasks: readonly string[];
}

/** Reads how many pods are wanted; throws `usage.invalid-option` for what no DIJob can be. */
export function sizeOf(options: SizeOptions): DIJobSize {
  const { replicas, minReplicas, maxReplicas, tasks } = options;
  if (tasks.length === 0) {
    const least = minReplicas ?? replicas ?? 1;
    const most = maxReplicas ?? replicas ?? least;
    if (least <= most) return { minReplicas: least, maxReplicas: most };
    const hint = "Pass fewer, or more: either of them is --replicas if not given.";
    throw usage(`Cannot use --min-replicas ${least}: --max-replicas is ${most}`, hint);
  }
  if (replicas !== undefined || minReplicas !== undefined || maxReplicas !== undefined) {
    throw usage(
      "Cannot use --replicas with --tasks: each task says its own",
      "Write --tasks learner=1,collector=4.",
    );
  }
  const all = tasks.flatMap((text) => text.split(",")).map(taskOf);
  const names = all.map(({ type, name }) => name ?? type);
  const types = all.flatMap(({ type }) => (type === "none" ? [] : type));
  const twice = repeated(names) ?? repeated(types);
  if (twice !== undefined) {
    throw usage(`Cannot use --tasks: there are two of "${twice}"`, "Write learner=3 for three.");
  }
  const longest = Math.max(...all.map(({ replicas: count }, at) => podName(names[at], count)));
  if (options.name.length + longest > LONGEST_LABEL) {
    const hint = `A pod's name has ${LONGEST_LABEL} letters at most, that of the job and of the task in it.`;
    throw usage("Cannot use --name and --tasks: they are too long together", hint);
  }
  return { tasks: all };
}

const LONGEST_LABEL = 63;

/** What the longest name of its pods has after that of the job: "-learner-12". */
function podName(task = "", count: number): number {
  return `-${task}-${count - 1}`.length;
}

function taskOf(text: string): DIJobTask {
  const [, type, name, count] =
    /^(learner|collector|evaluator|none)(?::([a-z](?:[a-z\d-]*[a-z\d])?))?=([1-9]\d{0,4})$/.exec(
      text.trim(),
    ) ?? [];
  if (type === undefined || (type === "none" && name === undefined)) {
    const hint = "Write learner=1,collector=4, or none:NAME=2 for any other part.";
    throw usage(`Cannot use --tasks: "${text}"`, hint);
  }
  return { type: type as DIJobTask["type"], name, replicas: Number(count) };
}

/** The most pods that it has. */
export function podsOf(size: DIJobSize): number {
  if (!("tasks" in size)) return size.maxReplicas;
  return size.tasks.reduce((total, { replicas }) => total + replicas, 0);
}

function repeated(words: readonly string[]): string | undefined {
  return words.find((word, at) => words.indexOf(word) !== at);
}

function usage(message: string, hint: string): DingError {
  return new DingError("usage.invalid-option", message, { hint });
}
