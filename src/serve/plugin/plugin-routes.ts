import type { App } from "../../http/app.ts";
import type { LocalClient } from "../host/local-client.ts";
import { exportedBy } from "./plugin-of.ts";

/** A plugin's `routes(app, client)`: adds routes of its own, which run in the server's process. */
export type PluginRoutes = (app: App, client: LocalClient) => unknown;

/** The `routes` of a model's export, else those that its module exports beside it. */
export function routesOf(
  module: Record<string, unknown>,
  exportName: string,
): PluginRoutes | undefined {
  const own = ownRoutes(exportedBy(module, exportName));
  const { routes } = module;
  return own ?? (typeof routes === "function" ? (routes as PluginRoutes) : undefined);
}

/** Of a class, of its instances, or of an object. */
function ownRoutes(exported: unknown): PluginRoutes | undefined {
  if (typeof exported === "function") {
    const own = (exported as { routes?: unknown }).routes;
    if (typeof own === "function") return own.bind(exported) as PluginRoutes;
    const proto = exported.prototype as { routes?: unknown } | undefined;
    if (typeof proto?.routes !== "function") return undefined;
    return (app, client) => {
      const worker = new (exported as new () => { routes: PluginRoutes })();
      return worker.routes(app, client);
    };
  }
  const routes = (exported as { routes?: unknown } | undefined)?.routes;
  return typeof routes === "function" ? (routes.bind(exported) as PluginRoutes) : undefined;
}
