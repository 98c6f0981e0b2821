import { z } from "zod";

/** The ancestor's port for masters. */
export const DEFAULT_MASTER_PORT = 7235;

/** Which dialect a master speaks to a slave; auto asks the slave. */
export const dialects = z.enum(["auto", "session", "di-engine"]);

/** One of them. */
export type Dialect = z.output<typeof dialects>;

/** How a master reaches its slaves; also what its class accepts. */
export const masterFields = {
  channel: z.int().min(0).default(0).describe("Number that master and slave must have in common"),
  heartbeatMs: z
    .int()
    .min(10)
    .max(3_600_000)
    .default(3_000)
    .describe("How often to tell an idle slave that the master is alive"),
  toleranceMs: z
    .int()
    .min(30)
    .max(3_600_000)
    .default(17_000)
    .describe("How long to bear a silent slave before its tasks count as lost"),
  connectTimeoutMs: z
    .int()
    .min(1)
    .max(3_600_000)
    .default(5_000)
    .describe("How long a slave may take to answer when it is dialled"),
};

/** Checks what a Master is made of. */
export const masterFieldsSchema = z.object(masterFields);
