import { Hono, type Context } from "hono";
import { DingError } from "../core/errors.ts";
import { silentLogger, type Logger } from "../core/log.ts";
import { EXPOSITION_TYPE } from "../telemetry/exposition.ts";
import type { Registry } from "../telemetry/registry.ts";
import { answerError } from "./answer-error.ts";
import { bearerFault } from "./bearer.ts";
import { answer } from "./body.ts";
import type { HttpBindings } from "./listen.ts";
import { refuseRoute } from "./no-route.ts";

/** The app a role mounts its routes on; `listenHttp` serves it. */
export type App = Hono<{ Bindings: HttpBindings }>;

/** What a load balancer or an init system may ask. */
export interface Health {
  isLive(): boolean;
  isReady(): boolean | { ready: boolean; reason?: string };
}

/** What every role's app shares. */
export interface AppOptions {
  health: Health;
  /** Wanted as `Authorization: Bearer` on every path but the open ones. */
  token?: string | undefined;
  /** Paths that need no token besides /health/* and /v2/health/*. */
  public?: (path: string) => boolean;
  /** Shown at /metrics. */
  metrics?: Registry | undefined;
  log?: Logger;
  /** Answers what was thrown on paths whose protocol has errors of its own; undefined on all others. */
  answerFault?: (context: Context, thrown: unknown) => Response | undefined;
}

/**
 * A Hono app with the token check, /health/live, /health/ready and /metrics.
 * Whatever a route throws becomes an answer in the envelope of the house; so do
 * an unknown path (404) and a wrong method (405).
 */
export function createApp({ health, metrics, log = silentLogger, ...options }: AppOptions): App {
  const app: App = new Hono();
  app.onError(
    (error, context) => options.answerFault?.(context, error) ?? answerError(context, error, log),
  );
  app.notFound((context) => refuseRoute(app, context));
  app.use(async ({ req }, next) => {
    const fault = isOpen(req.path, options) ? undefined : tokenFault(req.raw, options);
    if (fault) throw fault;
    try {
      await next();
    } catch (thrown) {
      throw thrown instanceof Error ? thrown : DingError.from(thrown); // Hono takes only errors
    }
  });
  app.get("/health/live", (context) => {
    const live = health.isLive();
    return answer(context, { live }, live ? 200 : 503);
  });
  app.get("/health/ready", (context) => {
    const state = health.isReady();
    const told = typeof state === "boolean" ? { ready: state } : state;
    return answer(context, told, told.ready ? 200 : 503);
  });
  if (metrics) {
    app.get("/metrics", ({ body }) =>
      body(metrics.text(), 200, { "Content-Type": EXPOSITION_TYPE }),
    );
  }
  return app;
}

function isOpen(path: string, options: Pick<AppOptions, "public">): boolean {
  return (
    path.startsWith("/health/") || path.startsWith("/v2/health/") || options.public?.(path) === true
  );
}

function tokenFault(request: Request, { token }: Pick<AppOptions, "token">): DingError | undefined {
  return token === undefined ? undefined : bearerFault(request, token);
}
