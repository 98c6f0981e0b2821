import { z } from "zod";
import { faultOfAddress } from "../config/address.ts";
import { listenOptions, portOption } from "../config/listen.ts";
import { logFileOptions } from "../config/log-files.ts";
import { LONGEST_TIMER_MS } from "../core/clock.ts";

/** The ancestor's port for coordinators. */
export const DEFAULT_COORDINATOR_PORT = 22_273;

const RUN = "Run";
const WORKERS = "Workers";
const STATE = "State";
const logFiles = logFileOptions("ding-coordinator");

/** The options of `ding coordinator`. */
export const coordinatorOptions = z.object({
  config: z
    .string()
    .describe("What to run: a module that exports defineRun({ … }), or JSON")
    .meta({ group: RUN, path: true, short: "c", placeholder: "FILE" }),
  seed: z
    .int()
    .min(0)
    .optional()
    .describe("Of the run's own chance, and of its workers'; main.seed if not given, else 0")
    .meta({ group: RUN, short: "s" }),
  local: z
    .int()
    .min(0)
    .max(256)
    .default(0)
    .describe(
      "Start so many collectors on this machine, with a learner, and an evaluator if the run has one",
    )
    .meta({ group: WORKERS, placeholder: "N" }),
  channel: z
    .int()
    .min(0)
    .default(0)
    .describe("Number that the coordinator and its slaves must have in common")
    .meta({ group: WORKERS }),
  advertise: z
    .string()
    .superRefine((text, context) => {
      const message = faultOfAddress(text);
      if (message !== undefined) context.addIssue({ code: "custom", message });
    })
    .optional()
    .describe("How workers reach the coordinator, if that is not where it listens")
    .meta({ group: WORKERS, placeholder: "HOST:PORT" }),
  snapshotDir: z
    .string()
    .optional()
    .describe("Where the state is saved; ./EXP_NAME/state if not given")
    .meta({ group: STATE, path: true, placeholder: "FOLDER" }),
  resume: z
    .boolean()
    .default(false)
    .describe("Go on where the saved state ends")
    .meta({ group: STATE }),
  drainTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(10_000)
    .describe("How long workers may take to finish what they do when the run is stopped")
    .meta({ group: WORKERS }),
  ...listenOptions,
  port: portOption(DEFAULT_COORDINATOR_PORT),
  ...logFiles,
  logDir: logFiles.logDir.describe(
    "Folder for NAME_DATE.log and NAME_DATE.err; ./EXP_NAME/log if not given",
  ),
});

/** What the command reads. */
export type CoordinatorCommandOptions = z.output<typeof coordinatorOptions>;

const addressRequest = z.strictObject({
  address: z.string().refine((text) => faultOfAddress(text) === undefined, "write HOST:PORT"),
  role: z.enum(["collector", "evaluator", "learner"]).optional(),
  id: z.string().min(1).optional(),
});

const localRequest = z.strictObject({
  local: z.int("expected an address, or how many local ones").min(1).max(256),
  role: z.enum(["collector", "evaluator", "learner"]).default("collector"),
});

/** What `POST /workers` is told: a worker by address, or how many to start on this machine. */
export type AddRequest = z.output<typeof addressRequest> | z.output<typeof localRequest>;

/** The shape of such a request; which one it is the address says. */
export function addRequestOf(body: unknown): typeof addressRequest | typeof localRequest {
  const isAddress = typeof body === "object" && body !== null && "address" in body;
  return isAddress ? addressRequest : localRequest;
}
