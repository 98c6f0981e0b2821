import { isMatch } from "./glob.ts";

/** The parts in a training that have a name; a program may have others. */
export const ROLE = {
  LEARNER: "learner",
  COLLECTOR: "collector",
  EVALUATOR: "evaluator",
  FETCHER: "fetcher",
} as const;

/** One of those, or a name of the program's own. */
export type Role = (typeof ROLE)[keyof typeof ROLE] | (string & {});

/** What a task's labels are made from. */
export interface LabelFacts {
  isAsync: boolean;
  /** Undefined for a task that is alone. */
  node: { nodeId: number; labels: Iterable<string> } | undefined;
  own: Iterable<string>;
}

/** The labels of a task: "async", "standalone" or "distributed" with "node.3", and whatever was given. */
export function labelsOf({ isAsync, node, own }: LabelFacts): Set<string> {
  const labels = new Set(own);
  if (isAsync) labels.add("async");
  if (!node) return labels.add("standalone");
  labels.add("distributed").add(`node.${node.nodeId}`);
  for (const label of node.labels) labels.add(label);
  return labels;
}

/** Does one of the labels fit one of the patterns? */
export function hasMatch(labels: Iterable<string>, patterns: string | Iterable<string>): boolean {
  const wanted = typeof patterns === "string" ? [patterns] : [...patterns];
  return [...labels].some((label) => wanted.some((pattern) => isMatch(label, pattern)));
}
