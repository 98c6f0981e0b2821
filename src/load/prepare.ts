import { DingError } from "../core/errors.ts";
import type { TlsOptions } from "../http/tls.ts";
import { chanceOf } from "./chance.ts";
import { inferBodiesOf, rawBody, type InferBodies } from "./data-file.ts";
import { inferBody } from "./infer-body.ts";
import type { LoadOptions } from "./options.ts";
import { randomTensors } from "./random-tensor.ts";
import { parseShapes } from "./ranges.ts";
import { modelPath, type ModelName, ServerReader } from "./server-reader.ts";
import type { ServerTotals } from "./server-statistics.ts";
import { parseTarget, requestBytes } from "./target.ts";

/** What is sent, and where. */
export interface PreparedLoad {
  readonly url: URL;
  /** Undefined when the address names a route itself. */
  readonly model: string | undefined;
  readonly rows: number;
  /** Bytes of the first body. */
  readonly bodyBytes: number;
  readonly requests: readonly Uint8Array[];
  readonly totals: (() => Promise<ServerTotals | undefined>) | undefined;
}

/** How a server is spoken to. */
export interface Speech {
  readonly token: string | undefined;
  readonly tls: TlsOptions;
}

const MODEL_ROUTE = /^\/v2\/models\/([^/]+)(?:\/versions\/([^/]+))?(?:\/infer)?\/?$/;
/** So that a model that remembers what it was asked is not fooled too well. */
const VARIANTS = 8;
const VARIANTS_BYTES = 8 * 1024 * 1024;

/**
 * Finds out what to send, and sends it once; rejects with what the server says if that is refused. `stack` owns the
 * connections that stay open.
 */
export async function prepareLoad(
  options: LoadOptions,
  speech: Speech,
  stack: DisposableStack,
): Promise<PreparedLoad> {
  const target = parseTarget(options.url);
  const reader = stack.use(new ServerReader(target, speech));
  const named = nameOf(target, options.model);
  if (named === "raw") return await prepareRaw(target, { options, speech, reader });
  const model = named ?? { name: await reader.onlyModel(), version: undefined };
  const { bodies, rows } = await inferBodies(model, options, reader);
  const url = new URL(`${modelPath(model)}/infer`, target);
  await tryFirst(url, bodies, { options, reader });
  return {
    url,
    model: model.version === undefined ? model.name : `${model.name}@${model.version}`,
    rows,
    bodyBytes: bodies[0]?.bytes.length ?? 0,
    requests: bodies.map((body) => requestBytes(url, body, speech.token)),
    totals: () => reader.totals(model),
  };
}

async function prepareRaw(
  url: URL,
  { options, speech, reader }: { options: LoadOptions; speech: Speech; reader: ServerReader },
): Promise<PreparedLoad> {
  if (options.data === undefined) {
    throw new DingError("usage.invalid-option", `Cannot make data for the route ${url.pathname}`, {
      hint: "Pass --data FILE with the body to send, or an address without a path for a model",
    });
  }
  const bodies = [rawBody(options.data, options.contentType)];
  await tryFirst(url, bodies, { options, reader });
  const requests = bodies.map((body) => requestBytes(url, body, speech.token));
  const bodyBytes = bodies[0]?.bytes.length ?? 0;
  return { url, model: undefined, rows: 1, bodyBytes, requests, totals: undefined };
}

/** The model that the address or --model names; undefined if neither does. */
function nameOf(url: URL, model: string | undefined): ModelName | "raw" | undefined {
  if (url.pathname !== "/") {
    const [, name, version] = MODEL_ROUTE.exec(url.pathname) ?? [];
    if (name === undefined) return "raw";
    const decoded = version === undefined ? undefined : decodeURIComponent(version);
    return { name: decodeURIComponent(name), version: decoded };
  }
  if (model === undefined) return undefined;
  const [name = "", version] = model.split("@", 2);
  return { name, version };
}

async function inferBodies(
  model: ModelName,
  options: LoadOptions,
  reader: ServerReader,
): Promise<InferBodies> {
  const { inputs } = await reader.metadata(model);
  const { format, data, batch: rows, seed } = options;
  if (data !== undefined) return inferBodiesOf(data, inputs, format);
  if (inputs.length === 0) {
    const message = `Cannot make data for model "${model.name}": it does not say what it takes`;
    throw new DingError("usage.invalid-option", message, { hint: "Pass --data FILE" });
  }
  const shapes = parseShapes(options.shape);
  const chance = chanceOf(seed);
  const make = (): InferBodies["bodies"][number] =>
    inferBody(randomTensors(inputs, { rows, shapes, chance }), format);
  const first = make();
  const count = Math.max(1, Math.min(VARIANTS, Math.floor(VARIANTS_BYTES / first.bytes.length)));
  return { bodies: [first, ...Array.from({ length: count - 1 }, make)], rows };
}

async function tryFirst(
  url: URL,
  [first]: InferBodies["bodies"],
  { options, reader }: { options: LoadOptions; reader: ServerReader },
): Promise<void> {
  if (first) await reader.tryOnce(url, first, options.timeoutMs);
}
