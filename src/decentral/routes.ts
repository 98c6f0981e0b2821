import type { Logger } from "../core/log.ts";
import { createApp, type App } from "../http/app.ts";
import { answer, readBody } from "../http/body.ts";
import { isDashboardShell, mountDashboard } from "../dashboard/mount.ts";
import { parseShape } from "../protocol/shape.ts";
import { fleetMetrics } from "./metrics.ts";
import { switchRequest } from "./options.ts";
import type { FleetPage } from "./page/fleet-page.ts";
import { FLEET_PANELS } from "./page/panels.ts";
import { remoteServers } from "./remote-servers.ts";
import type { FleetFacts } from "./status.ts";

/** Which groups there are to be. */
export interface GroupChange {
  numClient?: number | undefined;
  remoteServers?: readonly unknown[] | undefined;
}

/** What the routes of a fleet stand on. */
export interface FleetAppOptions {
  token: string | undefined;
  log: Logger;
  page: FleetPage;
  facts: () => FleetFacts;
  status: () => Record<string, unknown>;
  /** Each resolves when it is done. */
  idle: () => Promise<void>;
  restart: () => Promise<void>;
  switchTo: (change: GroupChange) => Promise<void>;
  terminate: () => Promise<void>;
}

/** The HTTP face of a fleet: its status, its control, metrics, dashboard. */
export function fleetApp(options: FleetAppOptions): App {
  const { facts, page, status, token, log } = options;
  const app = createApp({
    health: {
      isLive: () => facts().state !== "failed",
      isReady: () => {
        const { ready, reason } = facts();
        return { ready, ...(reason !== undefined && { reason }) };
      },
    },
    token,
    public: isDashboardShell,
    metrics: fleetMetrics(facts),
    log,
  });
  mountDashboard(app, {
    title: "ding decentral",
    panels: FLEET_PANELS,
    feed: (query) => page.feed(query),
  });
  app.get("/status", (context) => answer(context, status()));
  app.post("/switch", async (context) => {
    const asked = parseShape(switchRequest, (await readBody(context)) ?? {});
    const servers = asked.remoteServers ?? asked.remote_servers;
    const change = {
      numClient: asked.numClient ?? asked.num_client,
      // What comes over the wire names no file of this machine.
      remoteServers:
        servers && remoteServers(servers).map((one) => [one.ip, one.port, one.portOut]),
    };
    await options.switchTo(change);
    return answer(context, { success: true, ...status() });
  });
  for (const verb of ["idle", "restart", "terminate"] as const) {
    app.post(`/${verb}`, async (context) => {
      await options[verb]();
      return answer(context, { success: true, ...status() });
    });
  }
  return app;
}
