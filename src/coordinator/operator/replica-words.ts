import { DingError } from "../../core/errors.ts";
import type { WorkerRole } from "../plugin/worker-verbs.ts";

/** Kinds of replicas that an operator knows. */
export type ReplicaKind = "collectors" | "learners";

/** Which roles they are. */
export const REPLICA_ROLES: Readonly<Record<ReplicaKind, WorkerRole>> = {
  collectors: "collector",
  learners: "learner",
};

/** How many of each, or which ones by name. */
export type ReplicaWish = Partial<Record<ReplicaKind, number | readonly string[]>>;

/** Every worker that there is, by address. */
export type ReplicaList = Record<ReplicaKind, string[]>;

/** Versions of the operator's API. */
export const API_VERSIONS = ["v1alpha1", "v2alpha1"] as const;
export type ApiVersion = (typeof API_VERSIONS)[number];

/**
 * What a body asks for: `{ collectors: { replicas: 2 } }`, `{ collectors: 2 }`, or names, `{ collectors: ["n1:22270"] }`;
 * in v2alpha1 also `{ replicas: 2 }`, which means collectors. `usage.invalid-input` for anything else.
 */
export function replicaWish(body: unknown): ReplicaWish {
  const words = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const wish: ReplicaWish = {};
  for (const kind of ["collectors", "learners"] as const) {
    const said = words[kind];
    if (said !== undefined && said !== null) wish[kind] = amountOf(said, kind);
  }
  if (words["replicas"] !== undefined) wish.collectors = amountOf(words["replicas"], "replicas");
  if (wish.collectors === undefined && wish.learners === undefined) {
    throw new DingError(
      "usage.invalid-input",
      "Cannot change replicas: no collectors, no learners",
      {
        hint: 'Send { "collectors": { "replicas": 1 } }, or names as a list.',
      },
    );
  }
  return wish;
}

function amountOf(said: unknown, name: string): number | readonly string[] {
  if (Array.isArray(said) && said.every((one) => typeof one === "string")) return said as string[];
  const { replicas } = (said ?? {}) as { replicas?: unknown };
  const amount = typeof said === "number" ? said : replicas;
  if (Number.isSafeInteger(amount) && Number(amount) >= 0 && Number(amount) <= 10_000) {
    return Number(amount);
  }
  const message = `Cannot change replicas: "${name}" is neither a number of them nor a list of names`;
  throw new DingError("usage.invalid-input", message);
}
