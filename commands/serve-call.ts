import { existsSync } from "node:fs";
import { z } from "zod";
import { listenOptions } from "../src/config/listen.ts";
import { fieldsOf } from "../src/config/option-field.ts";
import { dialTls } from "../src/config/tls-files.ts";
import { LONGEST_TIMER_MS } from "../src/core/clock.ts";
import { CODES, DingError } from "../src/core/errors.ts";
import { writeJson } from "../src/protocol/json-writer.ts";
import { Client } from "../src/serve/client/client.ts";
import { inOrder } from "../src/serve/client/in-order.ts";
import { DEFAULT_SERVE_PORT } from "../src/serve/native/session-protocol.ts";
import { serveOptions } from "../src/serve/options.ts";
import { command } from "./_command.ts";
import { showProgress, type Progress } from "./_progress.ts";
import { openItems, type CallItems } from "./_serve-call-items.ts";
import { openOut } from "./_serve-call-out.ts";
import { ask, lineOf, readPieces } from "./_serve-call-outcome.ts";
import { listenForStop, SIGNAL_EXIT_CODES } from "./_signals.ts";
import { toolsOf, type Tools } from "./_tools.ts";

const ITEMS = "Items";
const SERVER = "Server";
const RESULTS = "Results";
const SECURITY = "Security";

const EXIT_ITEM_FAILED = 6;
const DEFAULT_SERVER = `127.0.0.1:${DEFAULT_SERVE_PORT}`;
/** Outcomes that wait for one before them, beside what is under way. */
const AHEAD = 4;

/** Nothing of it stands in the section of the config file: that is the server's. */
const callOptions = z.object({
  server: z
    .array(z.string())
    .default([])
    .describe(`HOST:PORT or URL of a server, or of several; - for items from standard input`)
    .meta({ group: SERVER, positional: true }),
  data: z
    .array(z.string())
    .default([])
    .describe("An item as JSON")
    .meta({ group: ITEMS, short: "d", placeholder: "JSON", flagOnly: true }),
  file: z
    .string()
    .optional()
    .describe("Items as JSON lines, - for standard input; a .json file holds one item or a list")
    .meta({ group: ITEMS, path: true, short: "f", flagOnly: true }),
  image: z
    .array(z.string())
    .default([])
    .describe("A file whose bytes are an item")
    .meta({ group: ITEMS, path: true, flagOnly: true }),
  status: z
    .boolean()
    .default(false)
    .describe("Ask for the server's status in place of its models")
    .meta({ group: SERVER, flagOnly: true }),
  model: z
    .string()
    .optional()
    .describe("The model to ask; may be left out where there is one alone")
    .meta({ group: SERVER, short: "m", placeholder: "NAME", flagOnly: true }),
  modelVersion: z
    .string()
    .optional()
    .describe("Its version; the one that is served by default if not given")
    .meta({ group: SERVER, placeholder: "VERSION", flagOnly: true }),
  timeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .default(900_000)
    .describe("How long an item may take")
    .meta({ group: SERVER, flagOnly: true }),
  connectTimeoutMs: z
    .int()
    .min(1)
    .max(LONGEST_TIMER_MS)
    .default(10_000)
    .describe("How long to try to reach a server")
    .meta({ group: SERVER, flagOnly: true }),
  concurrency: z
    .int()
    .min(1)
    .max(100_000)
    .default(64)
    .describe("How many items are under way at a time")
    .meta({ group: ITEMS, short: "c", flagOnly: true }),
  stream: z
    .boolean()
    .default(false)
    .describe("Print an answer piece by piece, as a model gives them; one item after the other")
    .meta({ group: RESULTS, flagOnly: true }),
  out: z
    .string()
    .optional()
    .describe("Write the results to this file in place of standard output")
    .meta({ group: RESULTS, path: true, short: "o", flagOnly: true }),
  json: listenOptions.json
    .describe("Say of each item its index, id and time besides its output")
    .meta({ group: RESULTS, flagOnly: true }),
  tokenFile: listenOptions.tokenFile
    .describe("File with the token to show to servers; DING_TOKEN may hold the token instead")
    .meta({ group: SECURITY, path: true, flagOnly: true }),
  tlsCa: z
    .string()
    .optional()
    .describe("Certificates to trust, as PEM; with it servers are reached by TLS")
    .meta({ group: SECURITY, path: true, flagOnly: true }),
  tlsCert: z
    .string()
    .optional()
    .describe("Certificate to show, as PEM")
    .meta({ group: SECURITY, path: true, flagOnly: true }),
  tlsKey: z
    .string()
    .optional()
    .describe("Private key of that certificate, as PEM")
    .meta({ group: SECURITY, path: true, flagOnly: true }),
  logLevel: listenOptions.logLevel.meta({ group: RESULTS, flagOnly: true }),
});

type CallOptions = z.output<typeof callOptions>;

/** `ding serve call`: items through a model, results in the order of the items. */
export const serveCall = command(
  {
    name: "serve call",
    description: "Send items to a server and print what its model gives, a line of JSON for each",
    examples: [
      `ding serve call --data '{"x": [1, 2]}'`,
      "ding serve call 127.0.0.1:8900 --file items.jsonl --out results.jsonl",
      "generate | ding serve call n1:8900 n2:8900 - --concurrency 128",
      "ding serve call https://models.example:443 --model ocr --image page.png",
      `ding serve call --model chat --data '"Hello"' --stream`,
      "ding serve call --status",
    ],
    options: callOptions,
    otherKeys: fieldsOf("serve", serveOptions).map(({ key }) => key),
  },
  async (options, given) => {
    using stop = listenForStop();
    // On the terminal that shows the results these tell how far it is.
    const isBarWanted = !process.stdout.isTTY || options.out !== undefined;
    using progress = isBarWanted ? showProgress(process.stderr) : NO_BAR;
    const tools = await toolsOf(options, given, progress.stream);
    const places = options.status ? undefined : placesOf(options);
    const servers = options.server.filter((word) => word !== "-");
    await using client = new Client({
      servers: servers.length > 0 ? servers : [DEFAULT_SERVER],
      token: tools.token,
      tls: dialTls(options),
      model: options.model,
      version: options.modelVersion,
      timeoutMs: options.timeoutMs,
      connectTimeoutMs: options.connectTimeoutMs,
      window: options.concurrency,
      log: tools.log,
    });
    stop.signal.addEventListener("abort", () => {
      void client.close();
      // A line that nobody has written yet is not waited for.
      process.stdin.destroy();
    });
    const call = async (): Promise<number> => {
      if (!places) return printStatus(client, options);
      const items = await openItems(places, process.stdin);
      return callItems(client, items, { options, tools, progress, signal: stop.signal });
    };
    try {
      const exitCode = await call();
      return stop.signal.aborted ? SIGNAL_EXIT_CODES[await stop.asked] : exitCode;
    } catch (thrown) {
      if (stop.signal.aborted) return SIGNAL_EXIT_CODES[await stop.asked];
      throw thrown;
    }
  },
);

const NO_BAR: Progress = { update() {}, stream: process.stderr, [Symbol.dispose]() {} };

async function printStatus(client: Client, { json }: CallOptions): Promise<number> {
  const status: unknown = JSON.parse(writeJson(await client.serverStatus()));
  process.stdout.write(`${JSON.stringify(status, null, json ? 0 : 2)}\n`);
  return 0;
}

function placesOf({ server, data, image, file }: CallOptions): {
  data: string[];
  image: string[];
  file: string | undefined;
} {
  const isPiped = server.includes("-");
  if (isPiped && file !== undefined && file !== "-") {
    throw new DingError("usage.invalid-option", "Cannot use - together with --file", {
      hint: `Join them: cat ${file} - | ding serve call … -`,
    });
  }
  const places = { data, image, file: isPiped ? "-" : file };
  if (data.length > 0 || image.length > 0 || places.file !== undefined) return places;
  const path = server.find((word) => existsSync(word));
  throw new DingError("usage.invalid-option", "Cannot call: no item was given", {
    hint:
      path === undefined
        ? "Pass --data JSON, --image FILE, --file FILE, or - for lines of standard input."
        : `What stands alone is a server. Pass a file of items as --file ${path}`,
  });
}

async function callItems(
  client: Client,
  items: CallItems,
  {
    options,
    tools: { log },
    progress,
    signal,
  }: {
    options: CallOptions;
    tools: Tools;
    progress: Progress;
    signal: AbortSignal;
  },
): Promise<number> {
  // Whether there is anybody is told before anything is read.
  await client.connect();
  using out = openOut(options.out);
  const begin = options.stream ? readPieces(client, options, out) : ask(client);
  const ahead = options.stream ? 1 : options.concurrency * AHEAD;
  let [done, failed, exitCode] = [0, 0, 0];
  for await (const outcome of inOrder(items.read(), begin, ahead)) {
    if (signal.aborted) break;
    const { error, index } = outcome;
    if (error) {
      failed += 1;
      exitCode = error.code.startsWith("network.")
        ? CODES[error.code].exit
        : exitCode || EXIT_ITEM_FAILED;
      log.warn(`Item ${index + 1} failed: ${error.message}`, {
        code: error.code,
        hint: error.hint,
      });
    }
    const line = lineOf(outcome, options);
    if (line !== undefined) await out.write(`${line}\n`);
    done += 1;
    progress.update({ total: items.total, done, failed, note: "" });
  }
  return exitCode;
}
