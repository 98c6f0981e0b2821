import { createApp } from "../../../../src/http/app.ts";
import { listenHttp, type ListeningApp } from "../../../../src/http/listen.ts";
import type { Signature } from "../../../../src/protocol/datatype.ts";
import type { InferRequest, ModelFacts, Models, Payload } from "../../../../src/serve/inference.ts";
import {
  answerOipFault,
  mountOip,
  type InferDirectly,
  type MountOipOptions,
} from "../../../../src/serve/oip/routes.ts";
import { DingError } from "../../../../src/core/errors.ts";

/** What a model of a test does; without anything it gives back what it gets. */
export interface TestModel {
  facts?: Partial<ModelFacts>;
  infer?: (request: InferRequest) => Payload | Promise<Payload>;
  stream?: (request: InferRequest) => AsyncIterable<Payload>;
}

/** Models of a test by name, and what they were asked. */
export class TestModels implements Models {
  readonly requests: InferRequest[] = [];
  /** "load NAME@VERSION" … */
  readonly calls: string[] = [];
  readonly #models: Record<string, TestModel>;

  constructor(models: Record<string, TestModel>) {
    this.#models = models;
  }

  list(): ModelFacts[] {
    return Object.keys(this.#models).map((name) => this.#facts(name));
  }

  get(name: string = "", version?: string): ReturnType<Models["get"]> {
    const model = this.#models[name];
    if (!model || (version !== undefined && version !== "1")) {
      throw new DingError("http.not-found", `Cannot find model "${name}"`);
    }
    return {
      facts: this.#facts(name),
      infer: async (request) => {
        this.requests.push(request);
        const payload = (await model.infer?.(request)) ?? request.payload;
        return { payload, queueMs: 0, computeMs: 0 };
      },
      stream: (request) => {
        this.requests.push(request);
        if (!model.stream) throw new DingError("usage.invalid-input", "Cannot stream");
        return model.stream(request);
      },
    };
  }

  load(name: string, { version }: { version?: string | undefined } = {}): Promise<void> {
    return this.#call("load", name, version);
  }

  unload(name: string, { version }: { version?: string | undefined } = {}): Promise<void> {
    return this.#call("unload", name, version);
  }

  async #call(what: string, name: string, version: string | undefined): Promise<void> {
    this.calls.push(`${what} ${name}@${version ?? ""}`);
    this.get(name);
  }

  #facts(name: string): ModelFacts {
    const model = this.#models[name];
    return {
      name,
      version: "1",
      state: "READY",
      reason: "",
      platform: "ding_plugin",
      batchSize: 8,
      input: undefined,
      output: undefined,
      streams: model?.stream !== undefined,
      ...model?.facts,
    };
  }
}

/** Facts of a model whose outputs are as its inputs. */
export function echoes(signature: Signature): { facts: Partial<ModelFacts> } {
  return { facts: { input: signature, output: signature } };
}

/** The protocol on a free port of this process. */
export async function startOip(
  models: Models,
  options: Partial<MountOipOptions> & { token?: string } = {},
): Promise<ListeningApp & { direct: InferDirectly }> {
  const { token, ...rest } = options;
  const health = { isLive: () => true, isReady: () => true };
  const app = createApp({ health, token, answerFault: answerOipFault });
  const direct = mountOip(app, models, {
    serverName: "ding",
    version: "0.0.0",
    bodyLimitBytes: 4 * 1024 * 1024,
    ...health,
    ...rest,
  });
  const listening = await listenHttp(app, { host: "127.0.0.1", port: 0, token });
  return Object.assign(listening, { direct });
}

/** What an answer says. */
export interface Told {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** Sends JSON, and reads the JSON that comes back. */
export async function post(url: string, document: unknown, init: RequestInit = {}): Promise<Told> {
  const body = typeof document === "string" ? document : JSON.stringify(document);
  const response = await fetch(url, { method: "POST", body, ...init });
  const { status, headers } = response;
  const text = await response.text();
  return { status, headers, body: text === "" ? {} : (JSON.parse(text) as Told["body"]) };
}

/** JSON and the bytes behind it, as a body and its headers. */
export function binaryBody(document: unknown, ...tensors: Uint8Array[]): RequestInit {
  const json = Buffer.from(JSON.stringify(document));
  return {
    method: "POST",
    body: Buffer.concat([json, ...tensors]),
    headers: {
      "Content-Type": "application/octet-stream",
      "Inference-Header-Content-Length": String(json.length),
    },
  };
}

/** The JSON of an answer, and the bytes behind it. */
export async function binaryAnswer(
  response: Response,
): Promise<{ json: Record<string, unknown>; bytes: Uint8Array }> {
  const length = Number(response.headers.get("inference-header-content-length"));
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  return { json: JSON.parse(text) as Record<string, unknown>, bytes: bytes.subarray(length) };
}
