import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What the server saw of an infer request. */
export interface Seen {
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  readonly path: string;
}

/** A small server of the Open Inference Protocol with one model `m`: x FP32 [-1, 4]. */
export interface OipServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly seen: Seen[];
  /** Most requests that were under way at a time. */
  readonly peak: number;
  /** Answers an infer request, or any other POST; replace it to misbehave. */
  answer: (response: ServerResponse, seen: Seen) => void;
}

const METADATA = {
  name: "m",
  platform: "test",
  inputs: [{ name: "x", datatype: "FP32", shape: [-1, 4] }],
  outputs: [],
};

export async function oipServer(models: string[] = ["m"]): Promise<OipServer> {
  const seen: Seen[] = [];
  let busy = 0;
  let peak = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    const chunks: Buffer[] = [];
    busy += 1;
    peak = Math.max(peak, busy);
    response.on("close", () => (busy -= 1));
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      if (request.method === "POST") {
        const one = { headers: request.headers, body: Buffer.concat(chunks), path };
        seen.push(one);
        self.answer(response, one);
      } else sayJson(response, answerTo(path, models, seen.length));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const self: OipServer = {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    get peak() {
      return peak;
    },
    answer: (response) => sayJson(response, { outputs: [] }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return self;
}

/** Answers with JSON. */
export function sayJson(response: ServerResponse, value: unknown, status = 200): void {
  const known = value === undefined ? { error: "not here" } : value;
  response.writeHead(value === undefined ? 404 : status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(known));
}

function answerTo(path: string, models: string[], requests: number): unknown {
  if (path === "/v2/models") return { models };
  const [, name = "", rest = ""] = /^\/v2\/models\/([^/]+)(.*)$/.exec(path) ?? [];
  if (!models.includes(name)) return undefined;
  if (rest === "") return { ...METADATA, name };
  if (rest !== "/stats") return undefined;
  const time = (ms: number): unknown => ({ count: requests, ns: requests * ms * 1e6 });
  const inference = { queue: time(1), compute_infer: time(3) };
  const counts = { inference_count: requests * 2, execution_count: requests };
  return { model_stats: [{ name, version: "1", ...counts, inference_stats: inference }] };
}
