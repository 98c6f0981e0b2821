import { z } from "zod";
import { DEFAULT_SLAVE_PORT, faultOfAddress } from "../config/address.ts";
import { listenOptions, portOption } from "../config/listen.ts";
import { LONGEST_TIMER_MS } from "../core/clock.ts";

const TASKS = "Tasks";
const WORKERS = "Workers";
const CONNECTION = "Connection to the master";
const DI_ENGINE = "DI-engine";

/** How a slave takes tasks; also what its class accepts. */
export const slaveFields = {
  channel: z
    .int()
    .min(0)
    .default(0)
    .describe("Number that master and slave must have in common")
    .meta({ group: CONNECTION }),
  mode: z
    .enum(["refuse", "queue"])
    .default("refuse")
    .describe("What a task finds when the slave is busy: refuse it, or queue it")
    .meta({ group: TASKS }),
  concurrency: z
    .int()
    .min(1)
    .max(1024)
    .default(1)
    .describe("How many tasks run at a time; with worker processes, how many of them there are")
    .meta({ group: TASKS }),
  queueLimit: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1_000)
    .describe("How many tasks may wait with --mode queue; over it they are refused")
    .meta({ group: TASKS }),
  taskTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(0)
    .describe("Longest run of a task; 0 for no limit")
    .meta({ group: TASKS }),
  drainTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(30_000)
    .describe("How long to let tasks finish after the first stop signal")
    .meta({ group: TASKS }),
  heartbeatMs: z
    .int()
    .min(10)
    .max(3_600_000)
    .default(3_000)
    .describe("How often to tell an idle master that the slave is alive")
    .meta({ group: CONNECTION }),
  toleranceMs: z
    .int()
    .min(30)
    .max(3_600_000)
    .default(17_000)
    .describe("How long to bear a silent master")
    .meta({ group: CONNECTION }),
  resumeMs: z
    .int()
    .min(0)
    .max(86_400_000)
    .default(30_000)
    .describe("How long to keep tasks and results of a master whose connection broke")
    .meta({ group: CONNECTION }),
};

/** What only the command knows: the plugin, its workers, and how to be found. */
export const slaveOptions = z.object({
  plugin: z
    .string()
    .describe("Module with the task code: a class, an object or a function")
    .meta({ group: TASKS, path: true, short: "p" }),
  ...listenOptions,
  port: portOption(DEFAULT_SLAVE_PORT),
  name: z
    .string()
    .optional()
    .describe("What the slave is called in results and logs; host:port if not given")
    .meta({ group: CONNECTION }),
  ...slaveFields,
  join: z
    .array(
      z.string().superRefine((text, context) => {
        const message = faultOfAddress(text);
        if (message !== undefined) context.addIssue({ code: "custom", message });
      }),
    )
    .default([])
    .describe("Dial this master, HOST:PORT, and offer it this slave; may be repeated")
    .meta({ group: CONNECTION, placeholder: "HOST:PORT" }),
  isolate: z
    .enum(["process", "none"])
    .default("process")
    .describe("Run tasks in worker processes, or in the slave's own process")
    .meta({ group: WORKERS }),
  cancelGraceMs: z
    .int()
    .min(0)
    .max(3_600_000)
    .default(1_000)
    .describe("How long a cancelled or late task may take to end before its worker is killed")
    .meta({ group: WORKERS }),
  maxTasksPerWorker: z
    .int()
    .min(0)
    .default(0)
    .describe("Replace a worker process after so many tasks; 0 for never")
    .meta({ group: WORKERS }),
  loadTimeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .default(120_000)
    .describe("How long a worker may take to load the plugin")
    .meta({ group: WORKERS }),
  allowDiEngine: z
    .boolean()
    .default(false)
    .describe("With a token: still let DI-engine masters in, which cannot show one")
    .meta({ group: DI_ENGINE }),
  allowCallback: z
    .array(z.string())
    .default([])
    .describe("Host to which results may be sent besides the one a DI-engine master calls from")
    .meta({ group: DI_ENGINE, placeholder: "HOST" }),
});

/** The options of `ding slave`. */
export type SlaveCommandOptions = z.output<typeof slaveOptions>;
