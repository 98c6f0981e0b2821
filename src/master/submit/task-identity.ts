import { createHash, randomBytes } from "node:crypto";

const PREFIX_LENGTH = "00000000-0000-8000".length;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * What stays the same of a task through all its attempts, and from one run to
 * the next: the first 18 characters of its id, drawn from its place in the job and its data.
 */
export function taskIdentity(index: number, data: unknown): string {
  const hash = createHash("sha256").update(`${index}\n`).update(canonicalJson(data)).digest("hex");
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(12, 15)}`;
}

/** A fresh id (a UUID, version 8) for one attempt: no slave can take it for a task that it already had. */
export function newTaskId(identity: string): string {
  const bytes = randomBytes(8);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x80;
  const random = bytes.toString("hex");
  return `${identity}-${random.slice(0, 4)}-${random.slice(4)}`;
}

/** The identity that an id was made from, or undefined when it is no id of ours. */
export function identityOf(id: string): string | undefined {
  return ID.test(id) ? id.slice(0, PREFIX_LENGTH) : undefined;
}

/** JSON with the keys in order, so that a job written again by another program is the same job. */
function canonicalJson(data: unknown): string {
  return JSON.stringify(data, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
