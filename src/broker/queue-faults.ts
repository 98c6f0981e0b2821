import { DingError } from "../core/errors.ts";
import type { Capability } from "./driver.ts";
import type { Lease } from "./job.ts";

/** Says what a lease was shown for, and that it does not hold any more: `lease.expired`. */
export function expiredError(verb: string, { id }: Lease): DingError {
  return new DingError("lease.expired", `Cannot ${verb} job "${id}": its lease has ended`, {
    hint: "Somebody else may have the job now; drop what you have of it.",
    details: { id },
  });
}

/** More jobs than the queue's limit: `queue.full`. */
export function fullError(maxLength: number): DingError {
  return new DingError("queue.full", `Cannot push: the queue holds its ${maxLength} jobs`, {
    hint: "Come back later, add workers, or raise the limit.",
    details: { maxLength },
  });
}

const WHAT: Record<Capability, string> = {
  lease: "leases",
  priority: "priorities",
  delay: "delays",
  key: "idempotency keys",
  dead: "a dead-letter list",
  peek: "a look at jobs without taking them",
};

/** The kind of queue has no such thing: `queue.unsupported`. */
export function unsupportedError(verb: string, capability: Capability, url: string): DingError {
  return new DingError(
    "queue.unsupported",
    `Cannot ${verb}: queue "${url}" has no ${WHAT[capability].replace(/^a /, "")}`,
    { hint: `Use a queue that has ${WHAT[capability]}, as sqlite: has.`, details: { capability } },
  );
}

/** What to do about a server that could not be reached for this reason. */
export function awayHint(reason: string): string {
  return /certificate/i.test(reason)
    ? "Name the file of the authority that signed the server's in NODE_EXTRA_CA_CERTS; the host must be one that it is for."
    : "Look whether the server runs there, and lets this machine in.";
}
