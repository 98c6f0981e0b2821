import type { ApiDocument, ApiRoute } from "../../../dashboard/openapi.ts";
import { VERSION } from "../../../core/version.ts";
import type { ModelFacts } from "../../inference.ts";
import { modelApi } from "./model-api.ts";
import { OIP_API } from "./oip-api.ts";
import { API_TAGS, OTHER_API } from "./other-api.ts";
import { SCHEMAS } from "./schemas.ts";

/** A route that an app has, as Hono lists it. */
export interface KnownRoute {
  readonly method: string;
  /** With :names. */
  readonly path: string;
}

/** What the document of a server is made of. */
export interface ServeApiSources {
  readonly models: readonly ModelFacts[];
  readonly hasToken: boolean;
  /** Routes of plugins; they are told without words. */
  readonly pluginRoutes: readonly KnownRoute[];
}

const METHODS = new Set(["get", "post", "put", "patch", "delete"]);

/** All routes of a server, those of its models first. */
export function serveApi({ models, hasToken, pluginRoutes }: ServeApiSources): ApiDocument {
  const ready = models.filter(({ state }) => state === "READY");
  return {
    title: "ding serve",
    version: VERSION,
    description:
      "Models behind one port. A JSON body may have no Content-Type, that of a form, as curl -d sends it, or of plain text, as fetch() does.",
    hasToken,
    tags: API_TAGS,
    routes: [
      ...ready.flatMap(modelApi),
      ...OIP_API,
      ...OTHER_API,
      ...pluginRoutes.flatMap(pluginRoute),
    ],
    schemas: SCHEMAS,
  };
}

function pluginRoute({ method, path }: KnownRoute): ApiRoute[] {
  const lower = method.toLowerCase();
  if (!METHODS.has(lower)) return [];
  const takesBody = lower === "post" || lower === "put" || lower === "patch";
  return templatesOf(path).map((template) => ({
    method: lower as ApiRoute["method"],
    path: template,
    tag: "Plugin",
    summary: "Of a plugin",
    ...(takesBody ? { body: { "application/json": { schema: {} } } } : {}),
    answers: { default: { description: "What the plugin answers." } },
  }));
}

/** What a parameter must look like, as Hono has it: braces that may hold braces. */
const PATTERN = /\{(?:[^{}]|\{[^{}]*\})*\}/g;

/** "/a/:b{[0-9]{2}}/:c?" → "/a/{b}" and "/a/{b}/{c}"; none for what no template can say. */
function templatesOf(path: string): string[] {
  const segments = path.replaceAll(PATTERN, "").split("/");
  if (segments.some((segment) => /[*{}]/.test(segment))) return [];
  const told = segments.map((segment) => segment.replace(/^:(.+?)\??$/, "{$1}")).join("/");
  const isOptional = /^:.+\?$/.test(segments.at(-1) ?? "");
  return isOptional ? [told.slice(0, told.lastIndexOf("/")) || "/", told] : [told];
}
