import type { App } from "../http/app.ts";
import { openApi, type ApiDocument } from "./openapi.ts";
import { PAGE_HEADERS, shell } from "./shell.ts";

/** Where the document is. */
export const OPENAPI_PATH = "/openapi.json";
/** Where the page is on which routes can be tried. */
export const DOCS_PATH = "/docs";

/** The page to try routes holds no data: it needs no token. For `public` of `createApp`. */
export function isDocsShell(path: string): boolean {
  return path === DOCS_PATH;
}

/** Serves the OpenAPI document, made when it is asked for, and the page to try it; `mountDashboard` brings its parts. */
export function mountApi(app: App, document: () => ApiDocument): void {
  const { title } = document();
  const page = shell({ title, script: "api.browser.js" });
  app.get(DOCS_PATH, ({ body }) => body(page, 200, { ...PAGE_HEADERS }));
  app.get(OPENAPI_PATH, ({ json }) => json(openApi(document())));
}
