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
export const entryNote = z.tuple([
  /** For this node alone, or for everybody. */
  nodeId.nullable(),
  /** Its number among the entries of its origin: those for everybody, or those for this node. */
  z.int().positive(),
  /** Who emitted it: a node and its boot. */
  nodeId,
  boot,
  /** How many nodes have passed it on. */
  z.int().nonnegative(),
]);

/** What stands before the events of an entry. */
export type EntryNote = z.output<typeof entryNote>;

const taskError = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** What nodes say to each other among the events. */
export const meshWord = z.discriminatedUnion("k", [
  z.object({ k: z.literal("finish"), run: z.int().nonnegative() }),
  z.object({
    k: z.literal("ask"),
    id: z.int(),
    method: z.string().min(1).max(1_024),
    arg: z.unknown(),
  }),
  z.object({ k: z.literal("answer"), id: z.int(), value: z.unknown() }),
  z.object({ k: z.literal("refusal"), id: z.int(), error: taskError }),
  z.object({ k: z.literal("note"), key: z.string().min(1).max(1_024), value: z.int() }),
]);

/** What nodes say to each other among the events. */
export type MeshWord = z.output<typeof meshWord>;
