import { z } from "zod";

/** What a hook gets; a request that brings none means an empty object. */
const data = z.unknown().default({});

/** Python's ids are UUIDs of any version. */
const task = z.object({ id: z.guid() });

/** The body of POST /connect: where the slave reaches its master. */
export const connectRequest = z.object({
  master: z.object({ address: z.url({ protocol: /^https?$/ }) }),
  data,
});

/** The body of DELETE /disconnect. */
export const disconnectRequest = z.object({ data });

/** The body of POST /task/new. */
export const newTaskRequest = z.object({ task, data });

/** The body of PUT /slave/task/complete and /slave/task/fail; the result may be anything, but must be there. */
export const resultRequest = z.object({ task, result: z.unknown() });

/** The number in a Channel header; undefined when it is no whole number. */
export function parseChannel(header: string): number | undefined {
  return /^\s*[+-]?\d{1,15}\s*$/.test(header) ? Number(header) : undefined;
}
