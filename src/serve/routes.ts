import type { Logger } from "../core/log.ts";
import { createApp, type App } from "../http/app.ts";
import { answer } from "../http/body.ts";
import type { CustomRoutes } from "./custom/routes.ts";
import type { Models } from "./inference.ts";
import type { NativeSockets } from "./native/native-sockets.ts";
import { mountNative } from "./native/routes.ts";
import { serveMetrics } from "./page/metrics.ts";
import type { ServerFacts } from "./page/server-facts.ts";
import type { ServeStatistics } from "./page/statistics.ts";

/** What the routes of a server stand on. */
export interface ServeAppOptions {
  models: Models;
  statistics: ServeStatistics;
  sockets: NativeSockets;
  custom: CustomRoutes;
  token: string | undefined;
  log: Logger;
  bodyLimitBytes: number;
  allowFetch: readonly string[];
  facts: () => ServerFacts;
  status: () => unknown;
  isStopping: () => boolean;
  /** Takes what the routes need to have released at the end. */
  resources: AsyncDisposableStack;
}

/** The HTTP face of a server: every dialect on one app. */
export async function serveApp(options: ServeAppOptions): Promise<App> {
  const { models, sockets, custom, token, log, bodyLimitBytes, facts, isStopping } = options;
  const app = createApp({
    health: {
      isLive: () => facts().state !== "failed",
      isReady: () => facts().ready,
    },
    token,
    metrics: serveMetrics(options),
    log,
  });
  app.get("/status", (context) => answer(context, options.status()));
  mountNative(app, models, { isStopping, desk: sockets.desk, limitBytes: bodyLimitBytes });
  custom.mount(app);
  return app;
}
