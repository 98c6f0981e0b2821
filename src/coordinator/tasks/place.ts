import type { Resources } from "../plugin/definitions.ts";
import type { WorkerRole } from "../plugin/worker-verbs.ts";
import type { TaskKind } from "./task-record.ts";

/** What placement knows of a worker. */
export interface Candidate {
  readonly id: string;
  readonly role: WorkerRole;
  readonly isIdle: boolean;
  readonly resources: Resources;
  /** When it became idle: the one that has rested longest comes first among equals. */
  readonly idleSince: number;
}

/** What is to be placed. */
export interface Placed {
  kind: TaskKind;
  needs?: Resources | undefined;
  /** Collectors do not evaluate, even where there is no evaluator now. */
  hasEvaluators?: boolean | undefined;
}

/** Which worker gets a task: one of the role that has what it needs, with the least to spare. Undefined: none now. */
export function place<W extends Candidate>(
  { kind, needs = {}, hasEvaluators = false }: Placed,
  workers: readonly W[],
): W | undefined {
  const role = hasEvaluators ? kind : roleFor(kind, workers);
  let best: W | undefined;
  for (const worker of workers) {
    if (!worker.isIdle || worker.role !== role || !suffices(worker.resources, needs)) continue;
    if (!best || isBetter(worker, best, needs)) best = worker;
  }
  return best;
}

/** Evaluations go to evaluators where there are any, so that they take no collector's place. */
export function roleFor(kind: TaskKind, workers: readonly Pick<Candidate, "role">[]): WorkerRole {
  if (kind !== "evaluator") return kind;
  return workers.some(({ role }) => role === "evaluator") ? "evaluator" : "collector";
}

function suffices(has: Resources, needs: Resources): boolean {
  const labels = has.labels ?? [];
  return (
    (has.cpu ?? 0) >= (needs.cpu ?? 0) &&
    (has.gpu ?? 0) >= (needs.gpu ?? 0) &&
    (needs.labels ?? []).every((label) => labels.includes(label))
  );
}

/** A graphics card is dearer than a core, and a core than a moment of rest. */
function isBetter(one: Candidate, other: Candidate, needs: Resources): boolean {
  const gpu = spare(one, needs, "gpu") - spare(other, needs, "gpu");
  if (gpu !== 0) return gpu < 0;
  const cpu = spare(one, needs, "cpu") - spare(other, needs, "cpu");
  if (cpu !== 0) return cpu < 0;
  return one.idleSince < other.idleSince;
}

function spare({ resources }: Candidate, needs: Resources, what: "cpu" | "gpu"): number {
  return (resources[what] ?? 0) - (needs[what] ?? 0);
}
