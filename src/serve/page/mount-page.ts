import { DASHBOARD_PATH, isDashboardShell, mountDashboard } from "../../dashboard/mount.ts";
import { DOCS_PATH, isDocsShell, mountApi } from "../../dashboard/mount-api.ts";
import type { App } from "../../http/app.ts";
import type { Models } from "../inference.ts";
import { serveApi, type KnownRoute } from "./api/serve-api.ts";
import { SERVE_PANELS } from "./panels.ts";
import { ServePage } from "./serve-page.ts";
import type { ServerFacts } from "./server-facts.ts";
import type { ServeStatistics } from "./statistics.ts";

/** What the pages of a server stand on. */
export interface MountPageOptions {
  readonly models: Models;
  readonly statistics: ServeStatistics;
  readonly facts: () => ServerFacts;
  /** Names this run of the process. */
  readonly boot: string;
  readonly token: string | undefined;
  /** Routes that plugins have added. */
  readonly pluginRoutes?: (() => readonly KnownRoute[]) | undefined;
}

/** Where the ancestor's dashboard was. */
const OLD_PATH = "/stat";

/** Is it a page without data, which needs no token? For `public` of `createApp`. */
export function isPageShell(path: string): boolean {
  return isDashboardShell(path) || isDocsShell(path) || path === OLD_PATH;
}

/**
 * Mounts /dashboard, /openapi.json and /docs, and looks at the server once a second, which also turns the windows of the
 * statistics. Dispose what it gives when the server ends.
 */
export function mountPage(app: App, options: MountPageOptions): Disposable {
  const { models, token, pluginRoutes = () => [] } = options;
  const page = new ServePage(options);
  mountDashboard(app, {
    title: "ding serve",
    panels: SERVE_PANELS,
    links: [{ label: "API", path: DOCS_PATH }],
    feed: (query) => page.feed(query),
  });
  app.get(OLD_PATH, ({ redirect }) => redirect(DASHBOARD_PATH));
  mountApi(app, () =>
    serveApi({
      models: models.list(),
      hasToken: token !== undefined,
      pluginRoutes: pluginRoutes(),
    }),
  );
  return page;
}
