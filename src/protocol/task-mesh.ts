import { z } from "zod";

/** Where a node of a task listens for other nodes. */
export const MESH_PATH = "/mesh";

/** Raised when what nodes say to each other changes so that old and new cannot talk. */
export const MESH_VERSION = 1;

const MOST_LISTED = 10_000;
const LONGEST_LABEL = 256;
const LONGEST_ADDRESS = 512;
const SHORTEST_BOOT = 8;
const LONGEST_BOOT = 64;

const nodeId = z.int().nonnegative();
const boot = z.string().min(SHORTEST_BOOT).max(LONGEST_BOOT);

/** What a node knows of its direct neighbours; it tells everybody. */
export interface NodeRecord {
  nodeId: number;
  /** Names one run of the node's process. */
  boot: string;
  /** Grows with each change. */
  version: number;
  labels: string[];
  /** Where it listens, host:port; nobody can dial it where it is empty. */
  address: string;
  topology: "mesh" | "star" | "alone";
  links: [nodeId: number, boot: string, state: "up" | "suspect"][];
  /** The latest that are gone. */
  gone: [nodeId: number, boot: string, how: "leave" | "crash"][];
}

/** What two nodes say of themselves when one dials the other. */
export const meshGreeting = z.object({
  mesh: z.int(),
  nodeId,
  boot,
  labels: z.array(z.string().max(LONGEST_LABEL)).max(MOST_LISTED),
  address: z.string().max(LONGEST_ADDRESS),
});

/** What two nodes say of themselves when one dials the other. */
export type MeshGreeting = z.output<typeof meshGreeting>;

/**
 * How a node tells on a broker that it is there, and since when (ms since 1970; null while its mesh forms); who asks wants
 * to hear the same of all others.
 */
export const brokerHello = z.object({
  nodeId,
  boot: z.uuid(),
  isAsking: z.boolean(),
  since: z.number().nullable(),
});

/** How a node tells on a broker that it is there. */
export type BrokerHello = z.output<typeof brokerHello>;

/** The first word on a new line: what this end has of the other, and all it knows. */
export interface MeshBegin {
  /** The last entry that it has of the other end's log; null for none. */
  got: number | null;
  /** Of each node, and up to where its events for everybody are not told again. */
  records: { record: NodeRecord; sent: number }[];
}

/** By hand, as all that is below: as a mesh of many forms they come by the thousand. */
export function isMeshBegin(value: unknown): value is MeshBegin {
  if (!isObject(value) || !(value["got"] === null || isCount(value["got"]))) return false;
  return isListOf(
    value["records"],
    (one) => isObject(one) && isCount(one["sent"]) && isNodeRecord(one["record"]),
  );
}

/** A change of what is known of nodes. */
export function isNodeRecords(value: unknown): value is NodeRecord[] {
  return isListOf(value, isNodeRecord);
}

function isNodeRecord(value: unknown): value is NodeRecord {
  if (!isObject(value)) return false;
  const { nodeId: id, boot: run, version, labels, address, topology, links, gone } = value;
  return (
    isCount(id) &&
    isBoot(run) &&
    isCount(version) &&
    isListOf(labels, (label) => isText(label, LONGEST_LABEL)) &&
    isText(address, LONGEST_ADDRESS) &&
    (topology === "mesh" || topology === "star" || topology === "alone") &&
    isListOf(links, (link) => isLink(link, "up", "suspect")) &&
    isListOf(gone, (link) => isLink(link, "leave", "crash"))
  );
}

function isLink(value: unknown, ...states: string[]): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false;
  return isCount(value[0]) && isBoot(value[1]) && states.includes(value[2] as string);
}

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= MOST_LISTED && value.every(isOne);
}

function isBoot(value: unknown): boolean {
  return isText(value, LONGEST_BOOT) && (value as string).length >= SHORTEST_BOOT;
}

function isText(value: unknown, most: number): boolean {
  return typeof value === "string" && value.length <= most;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

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
  /** One for everybody that `to` alone lacks: it is told again. */
  again?: 1,
];

/** By hand: every request has one. */
export function isEntryNote(value: unknown): value is EntryNote {
  if (!Array.isArray(value) || value.length < 5 || value.length > 6) return false;
  const [to, seq, from, origin, hops, again] = value as unknown[];
  if (again !== undefined && again !== 1) return false;
  const isOrigin = isCount(from) && typeof origin === "string" && origin.length <= LONGEST_BOOT;
  return (to === null || isCount(to)) && isCount(seq) && seq > 0 && isOrigin && isCount(hops);
}

/** What a node lacks of another: it finds its way there as entries do. */
export type MeshLack = [
  /** Of its entries for everybody, or of those for this node alone. */
  stream: "all" | "own",
  /** All up to this one have come. */
  after: number,
  /** Who lacks it. */
  asker: number,
  /** Whose entries: a node and its boot. */
  nodeId: number,
  boot: string,
  hops: number,
];

/** By hand, as its neighbours. */
export function isMeshLack(value: unknown): value is MeshLack {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [stream, after, asker, from, origin, hops] = value as unknown[];
  const isKnown = (stream === "all" || stream === "own") && isCount(after) && isCount(asker);
  return isKnown && isCount(from) && isBoot(origin) && isCount(hops);
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
