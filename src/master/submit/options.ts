import { z } from "zod";
import { listenOptions } from "../../config/listen.ts";
import { LONGEST_TIMER_MS } from "../../core/clock.ts";
import { dialects, masterFields } from "../options.ts";

const TASKS = "Tasks";
const SLAVES = "Slaves";
const RESULTS = "Results";
const SECURITY = "Security";

const { json, logLevel, tokenFile, insecure } = listenOptions;

/** How every `ding master` command finds its slaves and gets to them. */
export const reachOptions = {
  slave: z
    .array(z.string())
    .default([])
    .describe("A slave, or many with ranges: n1:7236, n[01-99]:7236; default 127.0.0.1:7236")
    .meta({ group: SLAVES, short: "s", placeholder: "HOST:PORT" }),
  slaveFile: z
    .string()
    .optional()
    .describe("File with slaves, one HOST:PORT a line; # begins a comment")
    .meta({ group: SLAVES, path: true }),
  connectTimeoutMs: masterFields.connectTimeoutMs
    .describe("How long to try to reach a slave")
    .meta({ group: SLAVES }),
  tokenFile: tokenFile
    .describe("File with the token to show to slaves; DING_TOKEN may hold the token instead")
    .meta({ group: SECURITY, path: true }),
  tlsCa: z
    .string()
    .optional()
    .describe("Certificates to trust, as PEM; with it slaves are reached by TLS")
    .meta({ group: SECURITY, path: true }),
  tlsCert: z
    .string()
    .optional()
    .describe("Certificate to show, as PEM")
    .meta({ group: SECURITY, path: true }),
  tlsKey: z
    .string()
    .optional()
    .describe("Private key of that certificate, as PEM")
    .meta({ group: SECURITY, path: true }),
  logLevel,
};

/** The options of `ding master submit`. */
export const submitOptions = z.object({
  file: z
    .string()
    .describe("Tasks as JSON (one, or a list) or as JSON lines; - for standard input")
    .meta({ group: TASKS, positional: true }),
  channel: z
    .int()
    .min(0)
    .optional()
    .describe("Number that master and slaves must have in common; asked of a slave if not given")
    .meta({ group: SLAVES, short: "c" }),
  retries: z
    .int()
    .min(0)
    .max(1_000)
    .default(2)
    .describe("How often to try a task again that was lost with its slave, or not wanted by it")
    .meta({ group: TASKS }),
  timeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(0)
    .describe("Longest run of a task; 0 for no limit")
    .meta({ group: TASKS }),
  inFlight: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe("Most tasks at a time on one slave; as many as it takes if not given")
    .meta({ group: TASKS }),
  out: z
    .string()
    .optional()
    .describe("File that gets a line of JSON for each task as it ends")
    .meta({ group: RESULTS, path: true, short: "o", flagOnly: true }),
  resume: z
    .string()
    .optional()
    .describe("Go on with this file of --out: leave out what it says is done")
    .meta({ group: RESULTS, path: true, flagOnly: true }),
  json: json
    .describe("Print a line of JSON for each task as it ends, and nothing else")
    .meta({ group: RESULTS }),
  ...reachOptions,
  dialect: dialects
    .default("auto")
    .describe("How to talk to slaves; auto asks them")
    .meta({ group: SLAVES }),
  awayTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .optional()
    .describe(
      "How long to wait for one to come back when all are gone in the middle of a job; four times --connect-timeout-ms if not given",
    )
    .meta({ group: SLAVES }),
  minSlaves: z
    .int()
    .min(1)
    .default(1)
    .describe("Begin when so many slaves are there")
    .meta({ group: SLAVES }),
  listen: z
    .string()
    .optional()
    .describe("Take in slaves that dial in with --join; without HOST all may come who show a token")
    .meta({ group: SLAVES, placeholder: "HOST:PORT" }),
  insecure: insecure.describe("Let --listen take in strangers without a token"),
});

/** What `ding master submit` was asked for. */
export type SubmitOptions = z.output<typeof submitOptions>;

/** What decides how slaves are reached. */
export type ReachOptions = z.output<z.ZodObject<typeof reachOptions>>;
