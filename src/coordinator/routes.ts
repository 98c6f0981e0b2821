import { isDashboardShell, mountDashboard } from "../dashboard/mount.ts";
import type { Logger } from "../core/log.ts";
import { createApp, type App } from "../http/app.ts";
import { answer, readBody } from "../http/body.ts";
import { successEnvelope } from "../protocol/envelope.ts";
import { parseShape } from "../protocol/shape.ts";
import { coordinatorMetrics } from "./metrics.ts";
import { type ReplicaList, replicaWish } from "./operator/replica-words.ts";
import type { Replicas } from "./operator/replicas.ts";
import { type AddRequest, addRequestOf } from "./options.ts";
import type { CoordinatorPage } from "./page/coordinator-page.ts";
import { COORDINATOR_PANELS } from "./page/panels.ts";
import type { CoordinatorFacts } from "./status.ts";

/** What the routes of a coordinator stand on. */
export interface CoordinatorAppOptions {
  token: string | undefined;
  log: Logger;
  page: CoordinatorPage;
  facts: () => CoordinatorFacts;
  status: () => Record<string, unknown>;
  replicas: Replicas;
  /** Returns the names of those that are to come. */
  add: (request: AddRequest) => string[];
  drain: (id: string) => void;
  /** Begins to stop; the run can be resumed. */
  stop: () => void;
}

/** The HTTP face of a coordinator: its status, its workers, the operator's API, metrics, dashboard. */
export function coordinatorApp(options: CoordinatorAppOptions): App {
  const { facts, page, status, token, log, replicas } = options;
  const app = createApp({
    health: {
      isLive: () => facts().state !== "failed",
      isReady: () => facts().state === "running",
    },
    token,
    public: isDashboardShell,
    metrics: coordinatorMetrics(facts),
    log,
  });
  mountDashboard(app, {
    title: "ding coordinator",
    panels: COORDINATOR_PANELS,
    feed: (query) => page.feed(query),
  });
  app.get("/status", (context) => answer(context, status()));
  app.post("/workers", async (context) => {
    const body = (await readBody(context)) ?? {};
    const asked: AddRequest = parseShape(addRequestOf(body), body);
    return answer(context, { success: true, added: options.add(asked), ...status() });
  });
  app.post("/workers/:id/drain", (context) => {
    options.drain(context.req.param("id"));
    return answer(context, { success: true, ...status() });
  });
  app.delete("/workers/:id", (context) => {
    replicas.removeOne(context.req.param("id"));
    return answer(context, { success: true, ...status() });
  });
  app.post("/stop", (context) => {
    options.stop();
    return answer(context, { success: true, ...status() });
  });
  for (const path of ["/v1alpha1/replicas", "/v2alpha1/job/:id/replicas"]) {
    mountReplicas(app, path, replicas);
  }
  return app;
}

/** The operator's API as the ancestor's operator server has it, in the envelope of the interaction. */
function mountReplicas(app: App, path: string, replicas: Replicas): void {
  const told = (what: string, list: ReplicaList) => successEnvelope(what, list);
  app.get(path, (context) => answer(context, told("Replicas.", replicas.list())));
  app.post(path, async (context) => {
    const list = await replicas.add(replicaWish(await readBody(context)));
    return answer(context, told("Replicas are added.", list));
  });
  app.delete(path, async (context) => {
    const list = replicas.remove(replicaWish(await readBody(context)));
    return answer(context, told("Replicas are let go.", list));
  });
  app.post(`${path}/failed`, async (context) => {
    const list = replicas.failed(replicaWish(await readBody(context)));
    return answer(context, told("Replicas have failed.", list));
  });
}
