import { z } from "zod";
import { listenOptions } from "../config/listen.ts";
import { LONGEST_TIMER_MS } from "../core/clock.ts";

const LOAD = "Load";
const REQUEST = "Request";
const SECURITY = "Security";
const OTHER_PICTURE = /\.(png|jpe?g|gif|webp|pdf)$/i;
const RESULTS = "Results";

const { json, logLevel } = listenOptions;

const pemFile = z.string().optional();

/** The options of `ding bench serve`. */
export const loadOptions = z.object({
  url: z
    .string()
    .describe("The server, http://HOST:PORT; with a path, the route to post --data to")
    .meta({ group: LOAD, positional: true, placeholder: "URL" }),
  concurrency: z
    .string()
    .optional()
    .describe("Clients that ask again when answered: 8, 1,8,32, 1:32 (doubling), 10:50:10")
    .meta({ group: LOAD, placeholder: "N", short: "c", aliases: ["concurrency-range"] }),
  rate: z
    .string()
    .optional()
    .describe(
      "Requests a second, answered or not: 500, or a range as of --concurrency; with that, after it",
    )
    .meta({ group: LOAD, placeholder: "N", aliases: ["request-rate-range"] }),
  distribution: z
    .enum(["poisson", "constant"])
    .default("poisson")
    .describe("The gaps between requests with --rate")
    .meta({ group: LOAD, aliases: ["request-distribution"] }),
  connections: z
    .int()
    .min(1)
    .max(20_000)
    .default(512)
    .describe(
      "Most connections with --rate; a request that finds none free waits, and its time counts",
    )
    .meta({ group: LOAD }),
  duration: z
    .string()
    .default("5s")
    .describe("How long to measure each level: 5s, 500ms, 2m")
    .meta({ group: LOAD, placeholder: "TIME", short: "d" }),
  warmUp: z
    .string()
    .default("1s")
    .describe("How long to load before each measure")
    .meta({ group: LOAD, placeholder: "TIME" }),
  timeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .default(30_000)
    .describe("A request without an answer for so long has failed")
    .meta({ group: LOAD }),
  model: z
    .string()
    .optional()
    .describe("Model to ask; needed where the server has several")
    .meta({ group: REQUEST, placeholder: "NAME[@VERSION]", short: "m", aliases: ["model-name"] }),
  format: z
    .enum(["json", "binary"])
    .default("json")
    .describe("How tensors are written, there and back")
    .meta({ group: REQUEST }),
  batch: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1)
    .describe("Rows in each request of made-up data")
    .meta({ group: REQUEST, short: "b", aliases: ["batch-size"] }),
  shape: z
    .array(z.string())
    .default([])
    .describe("Sizes of an input where the model leaves them open, without the batch: x:3,224,224")
    .meta({ group: REQUEST, placeholder: "NAME:N,N" }),
  data: z
    .string()
    .optional()
    .describe("File with an infer request as JSON, a list of them, or the body for a route")
    .meta({ group: REQUEST, path: true, aliases: ["input-data"] }),
  contentType: z
    .string()
    .optional()
    .describe("What --data is, for a route; by the file's ending if not given")
    .meta({ group: REQUEST, placeholder: "TYPE" }),
  seed: z
    .int()
    .min(0)
    .max(4_294_967_295)
    .default(1)
    .describe("Another one makes other data and other gaps")
    .meta({ group: REQUEST }),
  tokenFile: z
    .string()
    .optional()
    .describe("File with the token to show to the server; DING_TOKEN may hold the token instead")
    .meta({ group: SECURITY, path: true }),
  tlsCa: pemFile
    .describe("Certificates to trust with https, as PEM")
    .meta({ group: SECURITY, path: true }),
  tlsCert: pemFile.describe("Certificate to show, as PEM").meta({ group: SECURITY, path: true }),
  tlsKey: pemFile
    .describe("Private key of that certificate, as PEM")
    .meta({ group: SECURITY, path: true }),
  csv: z
    .string()
    .optional()
    .describe("File that gets a row for each level")
    .meta({ group: RESULTS, path: true, flagOnly: true }),
  out: z
    .string()
    .refine((file) => !OTHER_PICTURE.test(file), "the picture is SVG, name it FILE.svg")
    .optional()
    .describe("File that gets a picture (SVG) of latency over throughput")
    .meta({ group: RESULTS, path: true, flagOnly: true, short: "o" }),
  json: json.describe("Print the results as JSON on stdout, and nothing else there"),
  logLevel,
});

/** What the command was given. */
export type LoadOptions = z.output<typeof loadOptions>;
