/** A JSON Schema, of the dialect of OpenAPI 3.1 (2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a body may be. */
export interface ApiContent {
  readonly schema?: JsonSchema;
  /** Can be sent as it is. */
  readonly example?: unknown;
}

/** A parameter in the query or in a header; those in the path are found there. */
export interface ApiParameter {
  readonly name: string;
  readonly in: "query" | "header";
  readonly description: string;
  readonly schema?: JsonSchema;
}

/** An answer; its bodies by content type. */
export interface ApiAnswer {
  readonly description: string;
  readonly content?: Readonly<Record<string, ApiContent>>;
}

/** A route, as a face describes it. */
export interface ApiRoute {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** With {names} in braces. */
  readonly path: string;
  /** The group that it is shown in. */
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly ApiParameter[];
  /** By content type. */
  readonly body?: Readonly<Record<string, ApiContent>>;
  /** By status. */
  readonly answers: Readonly<Record<string, ApiAnswer>>;
  /** No token is wanted, even where one is set. */
  readonly isPublic?: boolean;
}

/** What a document is made of. */
export interface ApiDocument {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** Is a token wanted? */
  readonly hasToken: boolean;
  readonly tags: readonly { name: string; description: string }[];
  readonly routes: readonly ApiRoute[];
  /** For `$ref: "#/components/schemas/NAME"`. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

/**
 * An OpenAPI document, version 3.1; of two routes with one method and path the first is told. Paths that differ by the
 * names of their parameters alone are one.
 */
export function openApi(document: ApiDocument): Record<string, unknown> {
  const { title, version, description, hasToken, tags, routes, schemas } = document;
  const paths: Record<string, Record<string, unknown>> = {};
  const templates = new Map<string, string>();
  const ids = new Map<string, number>();
  for (const route of routes) {
    const same = route.path.replaceAll(/\{[^}]*\}/g, "{}");
    const path = templates.get(same) ?? route.path;
    templates.set(same, path);
    const methods = (paths[path] ??= {});
    methods[route.method] ??= {
      operationId: unique(operationId(route.method, path), ids),
      ...operation({ ...route, path }, hasToken),
    };
  }
  return {
    openapi: "3.1.0",
    info: { title, version, description },
    servers: [{ url: "/" }],
    tags,
    paths,
    components: {
      schemas,
      ...(hasToken ? { securitySchemes: { token: { type: "http", scheme: "bearer" } } } : {}),
    },
    ...(hasToken ? { security: [{ token: [] }] } : {}),
  };
}

const TOKEN_FAULTS: Readonly<Record<string, ApiAnswer>> = {
  "401": { description: "The request carries no token." },
  "403": { description: "Its token is not the server's." },
};

function operation(route: ApiRoute, hasToken: boolean): Record<string, unknown> {
  const { path, tag, summary, description, parameters = [], body, answers } = route;
  const inPath = Array.from(path.matchAll(/\{([^}]+)\}/g), ([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const wantsToken = hasToken && route.isPublic !== true;
  const all = [...inPath, ...parameters.map((one) => ({ schema: { type: "string" }, ...one }))];
  return {
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(all.length > 0 ? { parameters: all } : {}),
    ...(body ? { requestBody: { content: body, required: true } } : {}),
    responses: wantsToken ? { ...answers, ...TOKEN_FAULTS } : answers,
    ...(hasToken && !wantsToken ? { security: [] } : {}),
  };
}

/** "post /v2/models/{model}/infer" → "post_v2_models_model_infer". */
function operationId(method: string, path: string): string {
  const words = path.split(/[^\p{L}\p{N}_.@-]+/u).filter((word) => word !== "");
  return [method, ...words].join("_");
}

/** The name, with a number behind it where it is taken: `/a/b` and `/a_b` would have the same. */
function unique(id: string, taken: Map<string, number>): string {
  const count = (taken.get(id) ?? 0) + 1;
  taken.set(id, count);
  return count === 1 ? id : unique(`${id}_${count}`, taken);
}
