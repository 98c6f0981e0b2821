import { HttpClient } from "../http/client.ts";
import type { TlsOptions } from "../http/tls.ts";
import { DingError, type Code } from "../core/errors.ts";
import { FIRST_BAD_STATUS } from "./answer-head.ts";
import { type ModelMetadata, readModelMetadata, readModelNames } from "./model-facts.ts";
import { readServerTotals, type ServerTotals } from "./server-statistics.ts";
import type { LoadBody } from "./target.ts";

/** A model as a person names it. */
export interface ModelName {
  readonly name: string;
  readonly version: string | undefined;
}

const CODE_BY_STATUS: Record<number, Code> = {
  400: "usage.invalid-input",
  401: "auth.missing",
  403: "auth.refused",
  404: "http.not-found",
  405: "http.wrong-method",
  413: "http.too-large",
  415: "http.unsupported-type",
};

/** How a server's model is asked for. */
export function modelPath({ name, version }: ModelName): string {
  const suffix = version === undefined ? "" : `/versions/${encodeURIComponent(version)}`;
  return `/v2/models/${encodeURIComponent(name)}${suffix}`;
}

/** Asks a server of the Open Inference Protocol what a load must know. */
export class ServerReader implements Disposable {
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #client: HttpClient;

  constructor(base: URL, { token, tls }: { token: string | undefined; tls: TlsOptions }) {
    this.#base = base;
    this.#token = token;
    this.#client = new HttpClient({ tls });
  }

  /** The one model of this server; throws when there are several, or none. */
  async onlyModel(): Promise<string> {
    const names = readModelNames(await this.#get("/v2/models"));
    const [only] = names;
    if (only !== undefined && names.length === 1) return only;
    const known = names.length === 0 ? "no model" : `the models ${names.join(", ")}`;
    throw new DingError("usage.invalid-option", `Cannot choose a model: the server has ${known}`, {
      hint: "Pass --model NAME",
    });
  }

  async metadata(model: ModelName): Promise<ModelMetadata> {
    return readModelMetadata(await this.#get(modelPath(model)));
  }

  /** Undefined when the server does not tell. */
  async totals(model: ModelName): Promise<ServerTotals | undefined> {
    try {
      return readServerTotals(await this.#get(`${modelPath(model)}/stats`));
    } catch {
      return undefined;
    }
  }

  /** Sends one request; throws when the server would refuse every one like it. */
  async tryOnce(url: URL, { bytes, headers }: LoadBody, timeoutMs: number): Promise<void> {
    const all = { ...headers, ...this.#authorization() };
    const request = { method: "POST", url, headers: all, body: bytes, timeoutMs };
    const { status, body } = await this.#client.request(request);
    if (CODE_BY_STATUS[status]) throw refusal(`POST ${url.pathname}`, status, body);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #get(path: string): Promise<unknown> {
    const url = new URL(path, this.#base);
    const headers = { Accept: "application/json", ...this.#authorization() };
    const { status, body } = await this.#client.request({ method: "GET", url, headers });
    if (status >= FIRST_BAD_STATUS) throw refusal(`GET ${path}`, status, body);
    return jsonOf(body);
  }

  #authorization(): Record<string, string> {
    return this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` };
  }
}

function refusal(call: string, status: number, body: Uint8Array): DingError {
  const code = CODE_BY_STATUS[status] ?? "peer.refused";
  const why = refusalText(new TextDecoder().decode(body));
  return new DingError(code, `Cannot use ${call}: the server says ${status}${why && `, ${why}`}`, {
    hint:
      code === "http.not-found"
        ? "Pass --model NAME, or an address with the path of the route and --data FILE"
        : undefined,
  });
}

/** What an error's body says, without the JSON around it. */
export function refusalText(text: string): string {
  const value = jsonOf(new TextEncoder().encode(text));
  const { error, message, error_message: ancestors } = (value ?? {}) as Record<string, unknown>;
  const said = [error, message, ancestors].find((one) => typeof one === "string" && one !== "");
  return (typeof said === "string" ? said : text).slice(0, 500).trim();
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
