import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { silentLogger, type Logger } from "../../core/log.ts";
import type { App } from "../../http/app.ts";
import type { HttpBindings } from "../../http/listen.ts";
import type { RequestInfo } from "../../runtime/http-server.ts";
import { writeJson } from "../../protocol/json-writer.ts";
import type { Models } from "../inference.ts";
import { generate, generateStream } from "./generate.ts";
import { readBody } from "./infer-body.ts";
import { infer, type Asked, type OipContext } from "./infer.ts";
import { EXTENSIONS, modelConfig, modelMetadata, repositoryIndex } from "./metadata.ts";
import { inferPath } from "./infer-path.ts";
import { ModelFaces } from "./model-face.ts";
import { errorText, oipError } from "./oip-error.ts";
import {
  checkLoadRequest,
  checkUnloadRequest,
  nameAndVersion,
  readIndexRequest,
} from "./repository-request.ts";

/** What the protocol's routes stand on. */
export interface MountOipOptions {
  /** As GET /v2 tells them. */
  serverName: string;
  version: string;
  /** The longest body, also after it has been unpacked. */
  bodyLimitBytes: number;
  isLive: () => boolean;
  isReady: () => boolean;
  /** The body of the answer to …/stats, of one model or version or of all; without it there are no such routes. */
  statistics?: (name?: string, version?: string) => unknown;
  /** Told of errors that nobody foresaw. */
  log?: Logger;
}

type OipRoute = Context<{ Bindings: HttpBindings }>;
type Answerer = (context: OipRoute) => Response | Promise<Response>;

/** The Open Inference Protocol v2, with Triton's extensions, over these models. Errors are `{"error": "…"}`. */
export function mountOip(app: App, models: Models, options: MountOipOptions): void {
  const { bodyLimitBytes, log = silentLogger } = options;
  const context: OipContext = { models, faces: new ModelFaces(), bodyLimitBytes };
  const guarded =
    (answerer: Answerer): Answerer =>
    async (route) => {
      try {
        return await answerer(route);
      } catch (thrown) {
        return oipError(thrown, log);
      }
    };
  const routes: Routes = {
    get: (path, answerer) => app.get(path, guarded(answerer)),
    post: (path, answerer) => app.post(path, guarded(answerer)),
  };
  mountServer(routes, models, options);
  mountInference(routes, context);
  mountModels(routes, context, options);
  mountRepository(routes, context);
}

/**
 * Answers requests to infer without an app around it, which costs as much as all of the protocol; undefined for every
 * other request. Whoever calls it has checked that the caller may ask.
 */
export function inferDirectly(
  models: Models,
  { bodyLimitBytes, log = silentLogger }: Pick<MountOipOptions, "bodyLimitBytes" | "log">,
): (request: Request, info: Pick<RequestInfo, "remoteAddress">) => Promise<Response> | undefined {
  const context: OipContext = { models, faces: new ModelFaces(), bodyLimitBytes };
  return (request, info) => {
    const path = request.method === "POST" ? inferPath(request.url) : undefined;
    return (
      path &&
      infer(context, { request, info, ...path }).catch((thrown: unknown) => oipError(thrown, log))
    );
  };
}

/** Answers what was thrown on a path of the protocol before any of its routes was reached; undefined elsewhere. */
export function answerOipFault(context: Context, thrown: unknown): Response | undefined {
  const { path } = context.req;
  if (path !== "/v2" && !path.startsWith("/v2/")) return undefined;
  const { status, headers } = oipError(thrown);
  for (const [name, value] of headers) context.header(name, value);
  return context.body(errorText(thrown), status as ContentfulStatusCode);
}

interface Routes {
  get: (path: string, answerer: Answerer) => void;
  post: (path: string, answerer: Answerer) => void;
}

const MODEL_PATHS = ["/v2/models/:model", "/v2/models/:model/versions/:version"];

function mountServer({ get }: Routes, models: Models, options: MountOipOptions): void {
  const { serverName: name, version, isLive, isReady, statistics } = options;
  const extensions = statistics ? [...EXTENSIONS, "statistics"] : EXTENSIONS;
  get("/v2", () => json({ name, version, extensions }));
  get("/v2/health/live", () => {
    const live = isLive();
    return json({ live }, live ? 200 : 503);
  });
  get("/v2/health/ready", () => {
    const ready = isReady();
    return json({ live: isLive(), ready }, ready ? 200 : 503);
  });
  get("/v2/models", () => json({ models: [...new Set(models.list().map((one) => one.name))] }));
  if (statistics) get("/v2/models/stats", () => json(statistics()));
}

function mountInference({ post }: Routes, context: OipContext): void {
  for (const path of MODEL_PATHS) {
    post(`${path}/infer`, (route) => infer(context, askedOf(route)));
    post(`${path}/generate`, (route) => generate(context, askedOf(route)));
    post(`${path}/generate_stream`, (route) => generateStream(context, askedOf(route)));
  }
}

function mountModels(
  { get }: Routes,
  { models, faces }: OipContext,
  { statistics }: MountOipOptions,
): void {
  const factsOf = (route: OipRoute) => {
    const { name, version } = askedOf(route);
    return models.get(name, version).facts;
  };
  for (const path of MODEL_PATHS) {
    get(path, (route) => {
      const facts = factsOf(route);
      return json(modelMetadata(facts, faces.of(facts), models));
    });
    get(`${path}/ready`, (route) => {
      const { name, state } = factsOf(route);
      const ready = state === "READY";
      return json({ name, ready }, ready ? 200 : 503);
    });
    get(`${path}/config`, (route) => {
      const facts = factsOf(route);
      return json(modelConfig(facts, faces.of(facts)));
    });
    if (!statistics) continue;
    get(`${path}/stats`, (route) => {
      const { name } = factsOf(route);
      return json(statistics(name, askedOf(route).version));
    });
  }
}

function mountRepository({ post }: Routes, { models, bodyLimitBytes }: OipContext): void {
  const bodyOf = ({ req }: OipRoute): Promise<Uint8Array> => readBody(req.raw, bodyLimitBytes);
  post("/v2/repository/index", async (route) =>
    json(repositoryIndex(models, readIndexRequest(await bodyOf(route)))),
  );
  post("/v2/repository/models/:model/load", async (route) => {
    checkLoadRequest(await bodyOf(route));
    const { name, version } = nameAndVersion(askedOf(route).name);
    await models.load(name, { version });
    return json({ name, load: true });
  });
  post("/v2/repository/models/:model/unload", async (route) => {
    checkUnloadRequest(await bodyOf(route));
    const { name, version } = nameAndVersion(askedOf(route).name);
    await models.unload(name, { version });
    return json({ name, unload: true });
  });
}

function askedOf({ req, env }: OipRoute): Asked {
  const { model = "", version } = req.param() as { model?: string; version?: string };
  return { request: req.raw, info: env.info, name: model, version };
}

function json(value: unknown, status: number = 200): Response {
  return new Response(writeJson(value), {
    status,
    headers: { "Content-Type": "application/json" },
  });
}
