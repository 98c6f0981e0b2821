import { z } from "zod";

/** Where a node of a task listens for other nodes. */
export const MESH_PATH = "/mesh";

/** Raised when what nodes say to each other changes so that old and new cannot talk. */
export const MESH_VERSION = 1;

const nodeId = z.int().nonnegative();
const boot = z.string().min(8).max(64);

/** What a node knows of its direct neighbours; it tells everybody. */
export const nodeRecord = z.object({
  nodeId,
  /** Names one run of the node's process. */
  boot,
  /** Grows with each change. */
  version: z.int().nonnegative(),
  labels: z.array(z.string().max(256)).max(1_000),
  /** Where it listens, host:port; nobody can dial it where it is empty. */
  address: z.string().max(512),
  topology: z.enum(["mesh", "star", "alone"]),
  links: z.array(z.tuple([nodeId, boot, z.enum(["up", "suspect"])])).max(10_000),
  /** The latest that are gone. */
  gone: z.array(z.tuple([nodeId, boot, z.enum(["leave", "crash"])])).max(1_000),
});

/** What a node knows of its direct neighbours. */
export type NodeRecord = z.output<typeof nodeRecord>;

/** What two nodes say of themselves when one dials the other. */
export const meshGreeting = z.object({
  mesh: z.int(),
  nodeId,
  boot,
  labels: z.array(z.string().max(256)).max(1_000),
  address: z.string().max(512),
});

/** What two nodes say of themselves when one dials the other. */
export type MeshGreeting = z.output<typeof meshGreeting>;

/** How a node tells on a broker that it is there; who asks wants to hear the same of all others. */
export const brokerHello = z.object({ nodeId, boot: z.uuid(), isAsking: z.boolean() });

/** The first word on a new line: what this end has of the other, and all it knows. */
export const meshBegin = z.object({
  /** The last entry that it has of the other end's log; null for none. */
  got: z.int().nonnegative().nullable(),
  records: z
    .array(
      z.object({
        record: nodeRecord,
        /** Up to here its events are not told again. */ sent: z.int(),
      }),
    )
    .max(10_000),
});

/** A change of what is known of nodes. */
export const meshRecords = z.array(nodeRecord).max(10_000);

/** What stands before the events of an entry: where it comes from, for whom it is, and its number there. */
export type EntryNote = [
  /** For this node alone, or for everybody. */
  to: number | null,
  /** Its number among the entries of its origin: those for everybody, or those for this node. */
  seq: number,
  /** Who emitted it: a node and its boot. */
  nodeId: number,
  boot: string,
  /** How many nodes have passed it on. */
  hops: number,
];

/** By hand: every request has one. */
export function isEntryNote(value: unknown): value is EntryNote {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [to, seq, from, origin, hops] = value as unknown[];
  const isOrigin = isCount(from) && typeof origin === "string" && origin.length <= 64;
  return (to === null || isCount(to)) && isCount(seq) && seq > 0 && isOrigin && isCount(hops);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && Number.isSafeInteger(value);
}

const taskError = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** The name under which words stand among the events; no event can have it. */
export const WORDS = "\u0000";

/** What nodes say to each other among the events. */
export type MeshWord =
  | [kind: "finish", run: number]
  | [kind: "ask", id: number, method: string, arg: unknown]
  | [kind: "answer", id: number, value: unknown]
  | [kind: "refusal", id: number, error: z.output<typeof taskError>]
  | [kind: "note", key: string, value: number];

const LONGEST_NAME = 1_024;

/** By hand: every request has two. */
export function isMeshWord(value: readonly unknown[]): value is MeshWord {
  const first: unknown = value[1];
  const second: unknown = value[2];
  switch (value[0]) {
    case "finish":
    case "answer":
      return isCount(first);
    case "ask":
      return isCount(first) && isName(second);
    case "refusal":
      return isCount(first) && taskError.safeParse(second).success;
    case "note":
      return isName(first) && Number.isSafeInteger(second);
    default:
      return false;
  }
}

function isName(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_NAME;
}
