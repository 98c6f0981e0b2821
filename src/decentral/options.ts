import { z } from "zod";
import { listenOptions, portOption } from "../config/listen.ts";
import { logFileOptions } from "../config/log-files.ts";
import { LONGEST_TIMER_MS } from "../core/clock.ts";

/** The port of the documentation's fleet. */
export const DEFAULT_DECENTRAL_PORT = 21_324;

/** Where jobs are when nobody says so. */
export const DEFAULT_QUEUE = "sqlite:./jobs.db";

const UNITS = "Units";
const JOBS = "Jobs";
const WORKERS = "Workers";
const NETWORK = "Network";

const ONE_PORT = "one port serves all: control, metrics and dashboard";

/** Which queue a command means. */
export const queueOption = z
  .string()
  .default(DEFAULT_QUEUE)
  .describe("Queue of the jobs: sqlite:FILE, redis://HOST, redis-list://HOST, nats://HOST")
  .meta({ group: JOBS, placeholder: "URL" });

/** Which units there are; also what a switch changes. */
export const groupFields = {
  numClient: z
    .int()
    .min(1)
    .max(10_000)
    .default(24)
    .describe("How many units call each remote server")
    .meta({ group: UNITS }),
  remoteServers: z
    .array(z.unknown())
    .default([])
    .describe("Servers: [[HOST, PORT, PORT_OUT], …], HOST:PORT with commas between, or a file")
    .meta({ group: UNITS, brackets: true, placeholder: "LIST" }),
};

/** How units and jobs are treated; also what the class accepts. */
export const fleetFields = {
  ...groupFields,
  workers: z
    .int()
    .min(1)
    .max(1024)
    .optional()
    .describe("How many processes the units are spread over; one a core, at most 4, if not given")
    .meta({ group: WORKERS, aliases: ["num-worker"] }),
  leaseMs: z
    .int()
    .min(100)
    .max(LONGEST_TIMER_MS)
    .default(5_000)
    .describe("How long a taken job stays with a fleet that is silent; renewed while it is not")
    .meta({ group: JOBS }),
  maxAttempts: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(5)
    .describe("How often a job is tried before it goes to the dead-letter list")
    .meta({ group: JOBS }),
  retryMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .default(1_000)
    .describe("How long a failed job waits for its second try; the wait doubles, up to a minute")
    .meta({ group: JOBS }),
  jobTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(0)
    .describe("Longest run of a job before it is ended, and tried again; 0 for no limit")
    .meta({ group: JOBS }),
  drainTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(30_000)
    .describe("How long units may take to finish what they do when they are to end")
    .meta({ group: WORKERS }),
  loadTimeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .default(120_000)
    .describe("How long a worker process may take to load the plugin")
    .meta({ group: WORKERS }),
};

/** The numbers of a fleet, checked and with their defaults. */
export const fleetSettings = z.object({
  host: z.string().default("127.0.0.1"),
  port: z.int().min(0).max(65_535).default(DEFAULT_DECENTRAL_PORT),
  httpPort: z.int().min(0).max(65_535).optional(),
  ...fleetFields,
});

/** What may be said of them. */
export type FleetNumbers = z.input<typeof fleetSettings>;

/** The options of `ding decentral`. */
export const decentralOptions = z
  .object({
    plugin: z
      .string()
      .optional()
      .describe(
        "Module of the units: file.ts, or module.ProcessingModel; ./unit.ts or ./decentralize.ts if not given",
      )
      .meta({
        group: UNITS,
        positional: "also",
        short: "p",
        path: "named",
        placeholder: "MODULE",
      }),
    queue: queueOption
      .unwrap()
      .optional()
      .describe(`Where units that are given jobs have them from; ${DEFAULT_QUEUE} if not given`)
      .meta({ group: JOBS, placeholder: "URL" }),
    ...fleetFields,
    remoteTokenFile: z
      .string()
      .optional()
      .describe("File with the token that the units' clients show to the remote servers")
      .meta({ group: UNITS, path: true }),
    ...listenOptions,
    port: portOption(DEFAULT_DECENTRAL_PORT).meta({ group: NETWORK }),
    httpPort: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe("Listen on this port, too: both serve the same")
      .meta({ group: NETWORK }),
    portOut: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe("Accepted and not used: one port serves all")
      .meta({ group: NETWORK, notes: { "port-out": ONE_PORT } }),
    ...logFileOptions("ding-decentral"),
  })
  .meta({ singleDash: true });

/** What the command reads. */
export type DecentralCommandOptions = z.output<typeof decentralOptions>;

/** What `POST /switch` is told; what is missing stays as it is, and so does a `numClient` of 0, as the ancestor has it. */
export const switchRequest = z.object({
  numClient: z.int().min(0).max(10_000).optional(),
  num_client: z.int().min(0).max(10_000).optional(),
  remoteServers: z.array(z.unknown()).optional(),
  remote_servers: z.array(z.unknown()).optional(),
});
