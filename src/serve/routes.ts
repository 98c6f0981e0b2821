import { isLoopback } from "../config/listen.ts";
import type { Logger } from "../core/log.ts";
import { VERSION } from "../core/version.ts";
import { createApp } from "../http/app.ts";
import { isBearer } from "../http/bearer.ts";
import { answer } from "../http/body.ts";
import type { RoleApp } from "../http/listen.ts";
import type { CustomRoutes } from "./custom/routes.ts";
import type { Models } from "./inference.ts";
import type { NativeSockets } from "./native/native-sockets.ts";
import { mountNative } from "./native/routes.ts";
import { oipError } from "./oip/oip-error.ts";
import { answerOipFault, isOipPath, mountOip } from "./oip/routes.ts";
import { serverStatus } from "./page/server-status.ts";
import { mountWkr } from "./wkr/routes.ts";
import { serveMetrics } from "./page/metrics.ts";
import { isPageShell, mountPage } from "./page/mount-page.ts";
import type { OpenTraces } from "./page/open-traces.ts";
import type { ServerFacts } from "./page/server-facts.ts";
import type { ServeStatistics } from "./page/statistics.ts";
import { tritonStatistics } from "./page/triton-statistics.ts";

/** What the routes of a server stand on. */
export interface ServeAppOptions {
  /** Names this run of the process. */
  boot: string;
  /** Where traces go, if anywhere. */
  traces: OpenTraces | undefined;
  models: Models;
  statistics: ServeStatistics;
  sockets: NativeSockets;
  custom: CustomRoutes;
  host: string;
  token: string | undefined;
  log: Logger;
  bodyLimitBytes: number;
  allowFetch: readonly string[];
  /** What the server was started with, in the ancestor's spellings. */
  settings: Readonly<Record<string, unknown>>;
  facts: () => ServerFacts;
  status: () => unknown;
  isStopping: () => boolean;
  /** Takes what the routes need to have released at the end. */
  resources: AsyncDisposableStack;
}

const LOCAL = "127.0.0.1";

/** The HTTP face of a server: every dialect on one app. */
export function serveApp(options: ServeAppOptions): RoleApp {
  const { models, sockets, custom, token, log, bodyLimitBytes, facts, isStopping } = options;
  const metrics = serveMetrics(options);
  const { onUnreadable } = options.statistics;
  options.traces?.addMetrics(metrics);
  const app = createApp({
    health: {
      isLive: () => facts().state !== "failed",
      isReady: () => facts().ready,
    },
    token,
    public: isPageShell,
    metrics,
    log,
    answerFault: answerOipFault,
  });
  app.get("/status", (context) => answer(context, options.status()));
  mountNative(app, models, {
    desk: sockets.desk,
    limitBytes: bodyLimitBytes,
    onUnreadable,
  });
  const infer = mountOip(app, models, {
    serverName: "ding",
    version: VERSION,
    bodyLimitBytes,
    isLive: () => facts().state !== "failed",
    isReady: () => facts().ready,
    onUnreadable,
    statistics: (name, version) => tritonStatistics(options.statistics, { name, version }),
    log,
  });
  options.resources.use(
    mountWkr(app, models, {
      status: () => serverStatus(options),
      fetchHosts: options.allowFetch,
      bodyLimitBytes,
      onUnreadable,
      log,
    }),
  );
  options.resources.use(mountPage(app, { ...options, pluginRoutes: () => custom.list }));
  custom.mount(app, { limitBytes: bodyLimitBytes, isStopping, log });
  // Who asks from this machine has no other address; asking for it is dear.
  const local = isLoopback(options.host) ? { remoteAddress: LOCAL } : undefined;
  return {
    fetch(request, env) {
      const mayAsk = token === undefined || isBearer(request, token);
      return (mayAsk ? infer(request, local ?? env.info) : undefined) ?? app.fetch(request, env);
    },
    refuse: ({ url }, fault) => (isOipPath(new URL(url).pathname) ? oipError(fault) : undefined),
  };
}
