import type { App } from "../../http/app.ts";
import type { LocalClient } from "../host/local-client.ts";

/** A plugin's `routes(app, client)`: adds routes of its own, which run in the server's process. */
export type PluginRoutes = (app: App, client: LocalClient) => unknown;

/** The `routes` of a class, of its instances, or of an object. */
export function routesOf(exported: unknown): PluginRoutes | undefined {
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
