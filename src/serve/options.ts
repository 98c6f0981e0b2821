import { z } from "zod";
import { listenOptions, portOption } from "../config/listen.ts";
import { logFileOptions } from "../config/log-files.ts";
import { LONGEST_TIMER_MS } from "../core/clock.ts";
import { DEFAULT_SERVE_PORT } from "./native/session-protocol.ts";

const MODELS = "Models";
const BATCHING = "Batching";
const WORKERS = "Workers";
const HTTP = "HTTP";
const LOGS = "Logs";

const ONE_PORT = "one port serves all: HTTP, WebSocket, metrics and dashboard";
const ONE_HTTP = "there is one HTTP server, which needs no such setting";
const OWN_PAGE = "the dashboard is built in, at /dashboard";
const NO_CORS = "pages of other sites are not let in; a proxy in front may add the headers";

/** How models are loaded, batched and run; also what the class accepts. */
export const serveFields = {
  modelDir: z
    .string()
    .default(".")
    .describe("Folder of the model's files, given to the plugin")
    .meta({ group: MODELS, path: true, writes: true, placeholder: "FOLDER" }),
  modelName: z
    .string()
    .optional()
    .describe("The model's file in that folder, given to the plugin")
    .meta({ group: MODELS, placeholder: "NAME" }),
  tmpFolder: z
    .string()
    .default("tmp_ding")
    .describe("Folder in the model's folder for what the plugin unpacks; made when it is needed")
    .meta({ group: MODELS, placeholder: "NAME" }),
  batchSize: z
    .int()
    .min(1)
    .max(65_536)
    .default(10)
    .describe("The most items that a model gets at a time")
    .meta({ group: BATCHING }),
  batchTimeoutMs: z
    .number()
    .min(0)
    .max(60_000)
    .default(5)
    .describe("How long a batch may wait for more items, counted from its first; 0 for not at all")
    .meta({ group: BATCHING, aliases: ["batch-group-timeout"] }),
  queueLimit: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(30_000)
    .describe("How many items may wait; over it requests are answered with 429 and Retry-After")
    .meta({ group: BATCHING }),
  retries: z
    .int()
    .min(0)
    .max(100)
    .default(1)
    .describe("How often an item runs again whose worker died")
    .meta({ group: BATCHING }),
  workers: z
    .int()
    .min(1)
    .max(1024)
    .default(1)
    .describe("How many worker processes each model has")
    .meta({ group: WORKERS, aliases: ["num-worker"] }),
  numWorkerExpanded: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe("How many workers may be added while all are busy")
    .meta({ group: WORKERS }),
  busyUtilThreshold: z
    .number()
    .min(0)
    .max(1)
    .default(0.95)
    .describe("The share of busy workers from which on one is added")
    .meta({ group: WORKERS }),
  durationExpand: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(300_000)
    .describe("How many ms it must be that busy before a worker is added")
    .meta({ group: WORKERS, aliases: ["duration-expand-ms"] }),
  durationSqueeze: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(600_000)
    .describe("How many ms it must be calm before an added worker leaves")
    .meta({ group: WORKERS, aliases: ["duration-squeeze-ms"] }),
  deviceMap: z
    .array(z.int().min(-1))
    .min(1, "name a device, -1 for the CPU")
    .default([-1])
    .describe("Device of each worker in turn: -1 for the CPU, n for GPU n")
    .meta({ group: WORKERS, list: "words", placeholder: "N,…" }),
  deviceToExpand: z
    .array(z.int().min(-1))
    .default([])
    .describe("Devices of added workers; those of --device-map if not given")
    .meta({ group: WORKERS, list: "words", placeholder: "N,…" }),
  cpu: z
    .boolean()
    .default(false)
    .describe("Run every worker on the CPU, whatever --device-map says")
    .meta({ group: WORKERS }),
  gpuMemoryFraction: z
    .number()
    .min(0)
    .max(1)
    .default(0.2)
    .describe("The share of a GPU's memory that must be free; plugins may read it")
    .meta({ group: WORKERS }),
  predictTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(60_000)
    .describe("Longest run of a batch before its worker is replaced; 0 for no limit")
    .meta({ group: WORKERS }),
  maxBatchesPerWorker: z
    .int()
    .min(0)
    .default(0)
    .describe("Replace a worker process after so many batches; 0 for never")
    .meta({ group: WORKERS }),
  loadTimeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .default(300_000)
    .describe("How long a worker may take to load its model")
    .meta({ group: WORKERS }),
  drainTimeoutMs: z
    .int()
    .min(0)
    .max(LONGEST_TIMER_MS)
    .default(30_000)
    .describe("How long to let requests finish after the first stop signal")
    .meta({ group: WORKERS }),
  bodyLimitBytes: z
    .int()
    .min(1)
    .default(64 * 1024 * 1024)
    .describe("The longest body of a request; a longer one is answered with 413")
    .meta({ group: HTTP }),
  allowFetch: z
    .array(z.string())
    .default([])
    .describe(
      "Host from which images may be fetched for a client that names a URL; may be repeated",
    )
    .meta({ group: HTTP, placeholder: "HOST" }),
  otlp: z
    .string()
    .optional()
    .describe("Send OpenTelemetry traces to this OTLP/HTTP endpoint")
    .meta({ group: LOGS, placeholder: "URL" }),
};

/** The options of `ding serve`. */
export const serveOptions = z
  .object({
    plugin: z
      .array(z.string())
      .default([])
      .describe(
        "A model: file.ts, model.onnx, server.Worker, NAME=FILE or NAME@VERSION=FILE; may be repeated",
      )
      .meta({ group: MODELS, positional: "also", short: "p", path: "named", placeholder: "MODEL" }),
    repository: z
      .string()
      .optional()
      .describe("Folder with models: NAME.ts, NAME.onnx, NAME/VERSION/model.ts")
      .meta({ group: MODELS, path: true, placeholder: "FOLDER" }),
    ...serveFields,
    watch: z
      .boolean()
      .default(false)
      .describe("Load a model again when its file changes")
      .meta({ group: MODELS }),
    ...listenOptions,
    port: portOption(DEFAULT_SERVE_PORT).meta({
      group: "Network",
      aliases: ["http-port", "port-in", "port-data"],
      ranked: ["http-port", "port", "port-in"],
      notes: { "port-in": ONE_PORT, "port-data": ONE_PORT },
    }),
    portOut: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe("Accepted and not used: one port serves all")
      .meta({
        group: "Network",
        aliases: ["port-result"],
        notes: { "port-out": ONE_PORT, "port-result": ONE_PORT },
      }),
    protocol: z
      .enum(["obj", "npy", "numpy"])
      .optional()
      .describe("Accepted and not used: each request says itself what form it has")
      .meta({ group: "Network", notes: { protocol: "each request says itself what form it has" } }),
    httpNew: z
      .boolean()
      .optional()
      .describe("Accepted and not used: there is one HTTP server")
      .meta({ group: "Network", notes: { "http-new": ONE_HTTP } }),
    httpMaxConnect: z
      .string()
      .optional()
      .describe("Accepted and not used: its HTTP server needs no such setting")
      .meta({
        group: "Network",
        aliases: [
          "http-concurent-retry-num",
          "http-concurent-retry-gap",
          "http-stat-dashboard",
          "cors",
        ],
        notes: {
          "http-max-connect": ONE_HTTP,
          "http-concurent-retry-num": ONE_HTTP,
          "http-concurent-retry-gap": ONE_HTTP,
          "http-stat-dashboard": OWN_PAGE,
          cors: NO_CORS,
        },
      }),
    ...logFileOptions("ding-serve"),
  })
  .meta({ singleDash: true });
