import { DingError } from "../core/errors.ts";
import type { App } from "../http/app.ts";
import { ASSETS } from "./assets.ts";
import type { Dashboard } from "./dashboard.ts";
import { PAGE_HEADERS, shell } from "./shell.ts";

/** Where the page is. */
export const DASHBOARD_PATH = "/dashboard";

const ASSETS_PATH = `${DASHBOARD_PATH}/assets/`;
const PUBLIC = new Set(["/", DASHBOARD_PATH, `${DASHBOARD_PATH}/panels`]);

/** Is it a path of the page that holds no data, and so needs no token? For `public` of `createApp`. */
export function isDashboardShell(path: string): boolean {
  return PUBLIC.has(path) || path.startsWith(ASSETS_PATH);
}

/**
 * Serves a role's page at /dashboard, and what it is fed with at /dashboard/feed (with the token, where one is set);
 * "/" leads there.
 */
export function mountDashboard(app: App, { title, panels, links = [], feed }: Dashboard): void {
  const page = shell({ title, script: "page.browser.js" });
  app.get("/", ({ redirect }) => redirect(DASHBOARD_PATH));
  app.get(DASHBOARD_PATH, ({ body }) => body(page, 200, { ...PAGE_HEADERS }));
  app.get(`${DASHBOARD_PATH}/panels`, ({ json }) => json({ title, panels, links }));
  app.get(`${DASHBOARD_PATH}/feed`, ({ req, json }) => {
    const sinceMs = numberOf(req.query("since"));
    const fed = feed({ sinceMs, scope: req.query("scope") ?? "" });
    return json(fed, 200, { "Cache-Control": "no-store" });
  });
  mountAssets(app);
}

/** Serves the parts of all pages; once for an app. */
export function mountAssets(app: App): void {
  app.get(`${ASSETS_PATH}:name`, ({ req, body }) => {
    const name = req.param("name");
    const asset = ASSETS.get(name);
    if (!asset) {
      throw new DingError("http.not-found", `Cannot find "${name}": the page has no such part`);
    }
    const headers = {
      "Content-Type": asset.type,
      "Cache-Control": "no-cache",
      "X-Content-Type-Options": "nosniff",
      ETag: asset.etag,
    };
    return req.header("if-none-match") === asset.etag
      ? body(null, 304, headers)
      : body(asset.text, 200, headers);
  });
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw new DingError("usage.invalid-input", `Cannot read since: "${text}" is no number`, {
    hint: "Send milliseconds since 1970, or leave it out for all since the start.",
  });
}
