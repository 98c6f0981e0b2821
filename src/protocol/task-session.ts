import { z } from "zod";

/** Where a slave listens for sessions. */
export const SESSION_PATH = "/session";

/** Where a master listens for slaves that dial in. */
export const JOIN_PATH = "/join";

/** What a master says of itself when it opens a session with a slave. */
export const sessionHello = z.object({
  channel: z.int().nonnegative(),
  /** What the master's beforeConnect gave; the slave's beforeConnection gets it. */
  data: z.unknown(),
});

/** What a slave says of itself when the session is open. */
export const slaveFacts = z.object({
  name: z.string(),
  plugin: z.string(),
  version: z.string(),
  channel: z.int(),
  mode: z.enum(["refuse", "queue"]),
  concurrency: z.int(),
  queueLimit: z.int(),
  pid: z.int(),
});

/** What a connected master knows of its slave. */
export type SlaveFacts = z.output<typeof slaveFacts>;

/** The calls a slave answers in a session. A task's meta is `[id, attempt]`, its body the data. */
export const SESSION_METHODS = { TASK: "task", DISCONNECT: "disconnect" } as const;

/** In the details of a cancelled task: nobody asked for that, its slave stopped and could not wait for it. */
export const SLAVE_IS_STOPPING = "slaveIsStopping";

/** The events of a task's call. */
export const TASK_EVENTS = {
  /** It runs now: schema and beforeTask have passed. */
  ACCEPTED: "accepted",
  /** It waits for a place. */
  QUEUED: "queued",
  /** The slave is to stop: it takes no more tasks, and what runs has a while to end. */
  LEAVING: "leaving",
  /** The body is the value. */
  PROGRESS: "progress",
} as const;
