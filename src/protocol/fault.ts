import { DEPTH_LIMIT } from "./limits.ts";

/** Says where and why a value cannot leave the process, such as `"config.parent" contains itself`; undefined when it can. */
export function findFault(value: unknown): string | undefined {
  return search(value, [], new Set());
}

function search(value: unknown, path: string[], parents: Set<object>): string | undefined {
  if (typeof value === "function" || typeof value === "symbol") {
    return `${nameOf(path)} is a ${typeof value}`;
  }
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return undefined;
  if (parents.has(value)) return `${nameOf(path)} contains itself`;
  if (path.length > DEPTH_LIMIT) return `it is nested deeper than ${DEPTH_LIMIT} levels`;
  parents.add(value);
  for (const [key, member] of membersOf(value)) {
    const fault = search(member, [...path, key], parents);
    if (fault !== undefined) return fault;
  }
  parents.delete(value);
  return undefined;
}

function membersOf(value: object): Iterable<[string, unknown]> {
  if (value instanceof Map) return Array.from(value, ([key, member]) => [String(key), member]);
  if (value instanceof Set) return Array.from(value, (member, index) => [String(index), member]);
  return Object.entries(value);
}

function nameOf(path: string[]): string {
  return path.length === 0 ? "the value" : `"${path.join(".")}"`;
}
