import type { Context } from "hono";
import { CODES, DingError, messageOf } from "../../core/errors.ts";
import { silentLogger, type Logger } from "../../core/log.ts";
import { VERSION } from "../../core/version.ts";
import { retryAfter } from "../../http/answer-error.ts";
import type { App } from "../../http/app.ts";
import { bodyOf } from "../../http/body-of.ts";
import { answer } from "../../http/body.ts";
import { answerForm } from "../../http/content-type.ts";
import type { HttpBindings } from "../../http/listen.ts";
import { readBytes } from "../../http/read-bytes.ts";
import { json, msgpack } from "../../protocol/codec.ts";
import { BODY_LIMIT_BYTES } from "../../protocol/limits.ts";
import type { Models, ServedModel, Values } from "../inference.ts";
import { senderOf, type OnUnreadable } from "../unreadable.ts";
import { AllowedHosts } from "./allowed-hosts.ts";
import { failure, success, successBytes } from "./envelope.ts";
import { ImageFetcher } from "./fetch-image.ts";
import { bodyKind, fileField, isObjectWithout, readJson, textField } from "./form-body.ts";

/** What the ancestor's routes stand on. */
export interface MountWkrOptions {
  /** What GET /status/server says. */
  status: () => unknown;
  /** Hosts from which /encode_img_url may fetch; none closes it. */
  fetchHosts: readonly string[];
  /** The longest body, and the longest image that is fetched; default 64 MiB. */
  bodyLimitBytes?: number | undefined;
  /** How long fetching an image may take; default 10,000. */
  fetchTimeoutMs?: number | undefined;
  onUnreadable?: OnUnreadable | undefined;
  log?: Logger | undefined;
}

type WkrContext = Context<{ Bindings: HttpBindings }>;

/** A request's body, with what was said about it. */
interface Body {
  readonly bytes: Uint8Array;
  readonly kind: ReturnType<typeof bodyKind>;
  readonly contentType: string;
}

/** Makes an item of a body. */
type Reader = (body: Body, signal: AbortSignal) => Values | Promise<Values>;

/**
 * The HTTP of the ancestor, worker-as-service: POST /encode_json, /encode, /encode_img_bytes, /v1/encode_img_bytes and
 * /encode_img_url, each with one item, GET /status/server and /status/client. Disposing closes what
 * fetches images.
 *
 * - The model is `?model=NAME` (and `&version=V`), or the only one.
 * - /encode_json takes any JSON value as the item, as it stands there; /encode takes the text `img_url` and
 *   passes it on, or an object without one as the item; /encode_img_bytes takes the file `img_bytes` and passes its
 *   bytes; /encode_img_url fetches `img_url` first, from hosts that the operator allows.
 * - The answer is { error_code: 0, error_message: "Success.", data }, in JSON, or msgpack if Accept asks for it.
 * - A failure has error_code 1 and the house's envelope in the same answer, and the HTTP status that is true:
 *   the ancestor answered 200 on all routes but /v1; its clients look at error_code, which they find.
 *   429 and 503 come with Retry-After.
 * - Requests are served in turns by client: who names itself in the header Ding-Client, else its address.
 * - Whoever hangs up gives up his item.
 */
export function mountWkr(app: App, models: Models, options: MountWkrOptions): Disposable {
  const face = new WkrFace(models, options);
  app.post("/encode_json", (context) => face.encode(context, jsonItem));
  app.post("/encode", (context) => face.encode(context, urlItem));
  app.post("/encode_img_bytes", (context) => face.encode(context, imageItem));
  app.post("/v1/encode_img_bytes", (context) => face.encode(context, imageItem));
  app.post("/encode_img_url", (context) => face.encode(context, face.fetchedItem));
  app.get("/status/server", (context) => answer(context, options.status()));
  app.get("/status/client", (context) => answer(context, face.status()));
  return face;
}

/** The routes as the one client that the ancestor's HTTP was to its server. */
class WkrFace implements Disposable {
  readonly #models: Models;
  readonly #limitBytes: number;
  readonly #log: Logger;
  readonly #onUnreadable: OnUnreadable | undefined;
  readonly #fetcher: ImageFetcher | undefined;
  #requests = 0;
  #responses = 0;
  #errors = 0;

  constructor(models: Models, { fetchHosts, fetchTimeoutMs, ...options }: MountWkrOptions) {
    const { bodyLimitBytes = BODY_LIMIT_BYTES, log = silentLogger } = options;
    this.#models = models;
    this.#limitBytes = bodyLimitBytes;
    this.#log = log;
    this.#onUnreadable = options.onUnreadable;
    const bounds = { limitBytes: bodyLimitBytes, timeoutMs: fetchTimeoutMs };
    const isClosed = new AllowedHosts(fetchHosts).isEmpty;
    this.#fetcher = isClosed ? undefined : new ImageFetcher({ hosts: fetchHosts, ...bounds });
  }

  /** What GET /status/client says. */
  status(): Record<string, unknown> {
    const [requests, responses, errors] = [this.#requests, this.#responses, this.#errors];
    return {
      identity: "http",
      num_request: requests,
      num_response: responses,
      num_exception: errors,
      num_pending_request: requests - responses - errors,
      client_version: VERSION,
      server_version: VERSION,
    };
  }

  /** Answers one request; never rejects. */
  async encode(context: WkrContext, read: Reader): Promise<Response> {
    this.#requests += 1;
    try {
      const response = await this.#answer(context, read);
      this.#responses += 1;
      return response;
    } catch (thrown) {
      this.#errors += 1;
      return this.#refuse(context, thrown);
    }
  }

  /** Fetches the image behind `img_url`, if the operator allows any. */
  readonly fetchedItem: Reader = async (body, signal) => {
    const fetcher = this.#fetcher;
    if (!fetcher) throw noHostAllowed();
    return bytesItem(await fetcher.fetch(textField("img_url", body), signal));
  };

  [Symbol.dispose](): void {
    this.#fetcher?.[Symbol.dispose]();
  }

  async #answer(context: WkrContext, read: Reader): Promise<Response> {
    const { req, env } = context;
    const { raw } = req;
    // Before a long body is read for nothing.
    const model: ServedModel = this.#models.get(req.query("model"), req.query("version"));
    const sender = senderOf(raw.headers, env.info);
    let item: Values;
    try {
      item = await this.#read(raw, read);
    } catch (thrown) {
      this.#onUnreadable?.(model.facts, sender, thrown);
      throw thrown;
    }
    const { payload } = await model.infer({ ...sender, payload: item, signal: raw.signal });
    const [output] = payload.kind === "values" ? payload.values : [];
    if (payload.kind !== "values" || !output) {
      throw new DingError("internal.bug", "Cannot use answer: it has no value");
    }
    if (payload.form === "json" && answerForm(req.header("accept")) === "json") {
      return context.body(bodyOf([successBytes(output)]), 200, {
        "Content-Type": json.contentType,
      });
    }
    const codec = payload.form === "json" ? json : msgpack;
    return answer(context, success(codec.decode(output)));
  }

  async #read(request: Request, read: Reader): Promise<Values> {
    if (read === this.fetchedItem && !this.#fetcher) throw noHostAllowed();
    const { headers, signal } = request;
    const kind = bodyKind(headers, read === imageItem ? IMAGE_HINT : undefined);
    const contentType = headers.get("content-type") ?? "";
    const bytes = await readBytes(request, this.#limitBytes);
    return await read({ bytes, kind, contentType }, signal);
  }

  #refuse(context: WkrContext, thrown: unknown): Response {
    const error = DingError.from(thrown);
    const status = CODES[error.code].http;
    if (error.code === "internal.bug") {
      const stack = thrown instanceof Error ? thrown.stack : undefined;
      const { method, path } = context.req;
      this.#log.error(`Cannot answer ${method} ${path}: ${messageOf(thrown)}`, { stack });
    }
    if (status === 429 || status === 503) context.header("Retry-After", retryAfter(error));
    return answer(context, failure(error), status);
  }
}

/** The body itself, not decoded for it. */
function jsonItem({ bytes, kind, contentType }: Body): Values {
  if (kind === "msgpack") return { kind: "values", form: "msgpack", values: [bytes] };
  if (kind === "multipart") {
    throw new DingError("http.unsupported-type", `Cannot read body ${typed(contentType)}`, {
      hint: "Send application/json, or the image to /encode_img_bytes.",
    });
  }
  readJson(bytes);
  return { kind: "values", form: "json", values: [bytes] };
}

function urlItem(body: Body): Values {
  const isWhole = isObjectWithout("img_url", body);
  const item = isWhole ? body.bytes : json.encode(textField("img_url", body));
  return { kind: "values", form: "json", values: [item] };
}

const IMAGE_HINT = "Send multipart/form-data: curl -F img_bytes=@image.jpg";

function imageItem({ bytes, kind, contentType }: Body): Values {
  if (kind === "multipart") return bytesItem(fileField("img_bytes", { bytes, contentType }));
  throw new DingError("http.unsupported-type", `Cannot read body ${typed(contentType)}`, {
    hint: IMAGE_HINT,
  });
}

function bytesItem(bytes: Uint8Array): Values {
  return { kind: "values", form: "msgpack", values: [msgpack.encode(bytes)] };
}

function noHostAllowed(): DingError {
  return new DingError("auth.refused", "Cannot fetch images for clients: no host is allowed", {
    hint: "Send the image itself to /encode_img_bytes; or start the server with --allow-fetch HOST.",
  });
}

function typed(contentType: string): string {
  return contentType === "" ? "without a type" : `of type "${contentType}"`;
}
