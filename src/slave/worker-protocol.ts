import { z } from "zod";

/** What the slave tells a fresh worker. */
export interface WorkerSetUp {
  plugin: string;
  channel: number;
  workerId: string;
}

/** What a worker that has loaded the plugin tells the slave. */
export const workerFacts = z.object({
  hooks: z.array(z.enum(["beforeConnection", "beforeDisconnection", "lostConnection"])),
  /** Does it look at a task before it accepts it? If not, whoever gives it the task may say so. */
  checks: z.boolean(),
});

/** The calls a worker answers. */
export const WORKER_METHODS = { SET_UP: "set-up", TASK: "task", HOOK: "hook" } as const;
