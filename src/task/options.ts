import { z } from "zod";
import { listenOptions } from "../config/listen.ts";
import { logFileOptions } from "../config/log-files.ts";
import { LONGEST_TIMER_MS } from "../core/clock.ts";

const PROGRAM = "Program";
const NODES = "Nodes";
const FAULTS = "Faults";
const BROKER = "Broker";
const PLATFORM = "Platform";
const NETWORK = "Network";

/** How the nodes of a launch are made and joined; also what `Parallel.runner` accepts. */
export const parallelFields = {
  parallelWorkers: z
    .int()
    .min(1)
    .max(10_000)
    .default(1)
    .describe("How many nodes this launch has, each in a process of its own")
    .meta({ group: NODES }),
  topology: z
    .enum(["alone", "mesh", "star"])
    .optional()
    .describe("How they are joined; mesh if there are several, else alone")
    .meta({ group: NODES }),
  protocol: z
    .enum(["tcp", "ipc"])
    .default("tcp")
    .describe("tcp: on --ports; ipc: on free ports of this machine alone")
    .meta({ group: NETWORK }),
  address: z
    .string()
    .optional()
    .describe("How other machines reach the nodes, without a port; 127.0.0.1 without a token")
    .meta({ group: NETWORK, placeholder: "HOST" }),
  metricsPort: probePort(
    "Port that answers /metrics of the first node, the next ones follow; 0: free ones",
  ),
  healthPort: probePort("The same for /health/live and /health/ready; may be the same port"),
  seed: z
    .int()
    .min(0)
    .optional()
    .describe(
      "What task.random() comes from: the same seed, the same numbers; one by chance if not given",
    )
    .meta({ group: PROGRAM }),
  startupInterval: z
    .number()
    .min(0)
    .max(3_600)
    .default(0)
    .describe("Seconds between the starts of two nodes; none are needed")
    .meta({ group: NODES }),
  joinTimeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .default(60_000)
    .describe("How long the mesh may take to form before main starts")
    .meta({ group: NODES }),
  expectNodes: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("Main starts when so many nodes are there, those of other launches counted")
    .meta({ group: NODES }),
  autoRecover: z
    .boolean()
    .default(false)
    .describe("Run a node's main again, with nothing of the last try, when it fails")
    .meta({ group: FAULTS }),
  maxRetries: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .optional()
    .describe("How often, with --auto-recover; for ever if not given")
    .meta({ group: FAULTS }),
  onPeerCrash: z
    .enum(["continue", "finish"])
    .default("continue")
    .describe("What the others do when a node crashes")
    .meta({ group: FAULTS }),
  slowPeers: z
    .enum(["slow", "drop"])
    .default("slow")
    .describe("A node that does not keep up slows those who emit, or loses events, counted")
    .meta({ group: FAULTS }),
  heartbeatMs: z
    .int()
    .min(10)
    .max(3_600_000)
    .default(1_000)
    .describe("How often nodes that have nothing to say tell that they are alive")
    .meta({ group: FAULTS }),
  toleranceMs: z
    .int()
    .min(30)
    .max(3_600_000)
    .default(20_000)
    .describe("A node that is silent for so long is a suspect; after as long again it has crashed")
    .meta({ group: FAULTS }),
  mqName: z
    .string()
    .regex(/^[\w-]{1,64}$/, "use letters, digits, _ and -")
    .default("ding")
    .describe("Name of the mesh on a broker: programs of different names do not see each other")
    .meta({ group: BROKER, placeholder: "NAME" }),
  drainTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(10_000)
    .describe("How long mains may take to come to their end after the first stop signal")
    .meta({ group: FAULTS }),
};

function probePort(text: string) {
  return z.int().min(0).max(65_535).optional().describe(text).meta({ group: NETWORK });
}

const { host: _host, json: _json, ...listening } = listenOptions;

/** The options of `ding task`: all of the ancestor's, and what Parallel has beside them. */
export const taskOptions = z.object({
  main: z
    .string()
    .optional()
    .describe("File that exports main(task), or module.function of the package")
    .meta({ group: PROGRAM, short: "m", positional: "also", placeholder: "FILE" }),
  package: z
    .string()
    .optional()
    .describe("Folder of the package, or a zip of it; the current folder if not given")
    .meta({ group: PROGRAM, short: "p", path: true, placeholder: "FOLDER|ZIP" }),
  ...parallelFields,
  ports: z
    .array(z.string())
    .default([])
    .describe("Port of each node, or of the first: 50515 if not given; 0 for free ones")
    .meta({ group: NETWORK, list: "words", placeholder: "N,…" }),
  nodeIds: z
    .array(z.string())
    .default([])
    .describe("Id of each node, or of the first: 0 if not given")
    .meta({ group: NODES, list: "words", placeholder: "N,…" }),
  attachTo: z
    .array(z.string())
    .default([])
    .describe("Nodes of other launches to join, tcp://HOST:PORT")
    .meta({ group: NODES, list: "words", placeholder: "URL,…" }),
  labels: z
    .array(z.string())
    .default([])
    .describe("Labels of the nodes, for task.matchLabels()")
    .meta({ group: NODES, list: "words", placeholder: "TEXT,…" }),
  host: listenOptions.host
    .unwrap()
    .optional()
    .describe("Address to listen on; that of --address if not given")
    .meta({ group: NETWORK, placeholder: "HOST" }),
  platform: z
    .enum(["k8s", "slurm"])
    .optional()
    .describe("Read address, ports, ids and whom to attach to from this platform's variables")
    .meta({ group: PLATFORM }),
  platformSpec: z
    .string()
    .optional()
    .describe("What each rank is to be: JSON, or a file of it")
    .meta({ group: PLATFORM, placeholder: "JSON|FILE" }),
  mqType: z
    .string()
    .default("nng")
    .describe("What carries events: nng for the nodes' own links, redis, nats")
    .meta({ group: BROKER, placeholder: "nng|redis|nats" }),
  mqUrl: z
    .string()
    .optional()
    .describe("Broker that carries events: redis://HOST, nats://HOST")
    .meta({ group: BROKER, placeholder: "URL" }),
  redisHost: z
    .string()
    .optional()
    .describe("Host of the Redis of --mq-type redis; 127.0.0.1 if not given")
    .meta({ group: BROKER, placeholder: "HOST" }),
  redisPort: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe("Its port; 6379 if not given")
    .meta({ group: BROKER }),
  dryRun: z
    .boolean()
    .default(false)
    .describe("Print as JSON where each node would listen and whom it would dial, and end")
    .meta({ group: PROGRAM }),
  localRank: z
    .int()
    .default(0)
    .describe("Accepted and not used")
    .meta({ group: PLATFORM, notes: { "local-rank": "it is for torch.distributed.launch" } }),
  version: z
    .boolean()
    .default(false)
    .describe("Print the version")
    .meta({ group: PROGRAM, short: "v", flagOnly: true }),
  ...listening,
  ...logFileOptions("ding-task"),
  verbose: z
    .boolean()
    .default(false)
    .describe("Log who comes and goes, like --log-level debug")
    .meta({ group: "Output" }),
});

/** What the command reads. */
export type TaskCommandOptions = z.output<typeof taskOptions>;

/** The numbers of a launch, checked and with their defaults. */
export const parallelSettings = z.object(parallelFields);

/** What may be said of them. */
export type ParallelNumbers = Partial<z.input<typeof parallelSettings>>;
