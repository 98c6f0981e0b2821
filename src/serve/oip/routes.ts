import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { silentLogger, type Logger } from "../../core/log.ts";
import type { App } from "../../http/app.ts";
import type { HttpBindings } from "../../http/listen.ts";
import type { RequestInfo } from "../../runtime/http-server.ts";
import type { Models } from "../inference.ts";
import type { OnUnreadable } from "../unreadable.ts";
import { infer, type Asked, type OipContext } from "./infer.ts";
import { inferPath } from "./infer-path.ts";
import { mountInference } from "./inference-routes.ts";
import { ModelFaces } from "./model-face.ts";
import { mountModels } from "./model-routes.ts";
import type { Answerer, Routes } from "./mount.ts";
import { errorText, oipError } from "./oip-error.ts";
import { mountRepository } from "./repository-routes.ts";
import { mountServer, type OipServer } from "./server-routes.ts";

/** What the protocol's routes stand on. */
export interface MountOipOptions extends OipServer {
  /** The longest body, also after it has been unpacked. */
  bodyLimitBytes: number;
  onUnreadable?: OnUnreadable;
  /** Told of errors that nobody foresaw. */
  log?: Logger;
}

/** Answers requests to infer that need no app; undefined for every other request. */
export type InferDirectly = (
  request: Request,
  info: Pick<RequestInfo, "remoteAddress">,
) => Promise<Response> | undefined;

type OipRoute = Context<{ Bindings: HttpBindings }>;

/**
 * The Open Inference Protocol v2 (https://github.com/kserve/open-inference-protocol), with Triton's extensions
 * (https://github.com/triton-inference-server/server/tree/main/docs/protocol), over these models. Errors are
 * `{"error": "…"}`. Gives a way around the app for requests to infer, as the app costs as much as all of the protocol;
 * whoever goes it has checked that the caller may ask.
 */
export function mountOip(app: App, models: Models, options: MountOipOptions): InferDirectly {
  const { bodyLimitBytes, onUnreadable, log = silentLogger } = options;
  const context: OipContext = { models, faces: new ModelFaces(), bodyLimitBytes, onUnreadable };
  const guarded = (answerer: Answerer) => async (route: OipRoute) => {
    try {
      return await answerer(askedOf(route));
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
  return (request, info) => {
    const path = request.method === "POST" ? inferPath(request.url) : undefined;
    if (!path) return undefined;
    const { name, version } = path;
    return infer(context, { request, info, name, version }).catch((thrown: unknown) =>
      oipError(thrown, log),
    );
  };
}

/** Answers what was thrown on a path of the protocol before any of its routes was reached; undefined elsewhere. */
export function answerOipFault(context: Context, thrown: unknown): Response | undefined {
  if (!isOipPath(context.req.path)) return undefined;
  const { status, headers } = oipError(thrown);
  for (const [name, value] of headers) context.header(name, value);
  return context.body(errorText(thrown), status as ContentfulStatusCode);
}

/** Does the protocol have this path, whether there is such a route or not? */
export function isOipPath(path: string): boolean {
  return path === "/v2" || path.startsWith("/v2/");
}

function askedOf({ req, env }: OipRoute): Asked {
  const { model = "", version } = req.param() as { model?: string; version?: string };
  return { request: req.raw, info: env.info, name: model, version };
}
