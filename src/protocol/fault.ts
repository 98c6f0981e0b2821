import { DEPTH_LIMIT } from "./limits.ts";

/** Their bytes are elsewhere: each would be written as an empty object. */
export const UNREAD = [Blob, ReadableStream, Response, Request, FormData] as const;

/** Says where and why a value cannot leave the process, such as `"config.parent" contains itself`; undefined when it can. */
export function findFault(value: unknown): string | undefined {
  return search(value, [], new Set());
}

function search(value: unknown, path: string[], parents: Set<object>): string | undefined {
  if (typeof value === "function" || typeof value === "symbol") {
    return `${nameOf(path)} is a ${typeof value}`;
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (ArrayBuffer.isView(value)) return undefined;
  if (value instanceof Promise) return `${nameOf(path)} is a promise that nobody has awaited`;
  if (UNREAD.some((one) => value instanceof one)) {
    return `${nameOf(path)} is a ${value.constructor.name} that nobody has read`;
  }
  if (parents.has(value)) return `${nameOf(path)} contains itself`;
  if (path.length >= DEPTH_LIMIT) return `it is nested deeper than ${DEPTH_LIMIT} levels`;
  if (value instanceof Map && ![...value.keys()].every(isKey)) {
    return `${nameOf(path)} is a Map whose keys are neither texts nor numbers`;
  }
  parents.add(value);
  for (const [key, member] of membersOf(value)) {
    if (isSimple(member)) continue;
    path.push(String(key));
    const fault = search(member, path, parents);
    if (fault !== undefined) return fault;
    path.pop();
  }
  parents.delete(value);
  return undefined;
}

function isKey(key: unknown): boolean {
  return key === null || ["string", "number", "bigint", "boolean"].includes(typeof key);
}

/** Most members of long lists are. */
function isSimple(value: unknown): boolean {
  return value === null || ["number", "string", "boolean"].includes(typeof value);
}

function membersOf(value: object): Iterable<[unknown, unknown]> {
  if (Array.isArray(value) || value instanceof Map) return value.entries();
  if (value instanceof Set) return [...value].entries();
  return Object.entries(value);
}

function nameOf(path: string[]): string {
  return path.length === 0 ? "the value" : `"${path.join(".")}"`;
}
