import { expect, test } from "bun:test";
import { z } from "zod";
import { openApi } from "../../../../src/dashboard/openapi.ts";
import { createApp } from "../../../../src/http/app.ts";
import type { ModelFacts } from "../../../../src/serve/inference.ts";
import { mountOip } from "../../../../src/serve/oip/routes.ts";
import { serveApi, type ServeApiSources } from "../../../../src/serve/page/api/serve-api.ts";
import { FakeModels } from "../../../support/fake-models.ts";
import { openApiFaults } from "../../../support/openapi-faults.ts";
import { modelFacts } from "./facts.ts";

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: { $ref?: string } }> }>;
  requestBody: { content: Record<string, { example?: unknown }> };
  security?: unknown;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
  security?: unknown;
}

function documentOf(sources: Partial<ServeApiSources> = {}): Document {
  const all = { models: [modelFacts()], hasToken: false, pluginRoutes: [], ...sources };
  return openApi(serveApi(all)) as unknown as Document;
}

function exampleOf(model: Partial<ModelFacts>, path: string): unknown {
  const { paths } = documentOf({ models: [modelFacts(model)] });
  return paths[path]?.["post"]?.requestBody.content["application/json"]?.example;
}

const PREDICT = "/models/sum/versions/1/predict";
const INFER = "/v2/models/sum/versions/1/infer";
const NO_SIGNATURE = { input: undefined, output: undefined };

test("serveApi() makes a document without fault, with and without models, token and plugins", () => {
  const item = z.toJSONSchema(z.object({ text: z.string() }));
  const pluginRoutes = [
    { method: "GET", path: "/hello/:who" },
    { method: "POST", path: "/hello/:who{[a-z]+}" },
    { method: "ALL", path: "/*" },
  ];
  const models = [modelFacts(), modelFacts({ name: "a b/c", ...NO_SIGNATURE, inputSchema: item })];
  for (const sources of [{}, { models: [] }, { hasToken: true }, { pluginRoutes }, { models }]) {
    expect(openApiFaults(documentOf(sources))).toEqual([]);
  }
  const paths = Object.keys(documentOf({ pluginRoutes }).paths);
  expect(paths.filter((path) => path.startsWith("/hello"))).toEqual(["/hello/{who}"]);
});

test.each([
  ["/hello/:user-id{[0-9]{1,3}}/x", ["/hello/{user-id}/x"]],
  ["/hello/:file{.*\\.png}", ["/hello/{file}"]],
  ["/hello/:a?", ["/hello", "/hello/{a}"]],
  ["/hello/*", []],
])("serveApi() tells the route %s of a plugin as %j", (path, told) => {
  const document = documentOf({ pluginRoutes: [{ method: "GET", path }] });
  expect(openApiFaults(document)).toEqual([]);
  expect(Object.keys(document.paths).filter((one) => one.startsWith("/hello"))).toEqual(told);
});

test("openApi() tells paths that differ by the names of their parameters alone as one, and names each operation once", () => {
  const pluginRoutes = [
    { method: "POST", path: "/models/:m/predict" },
    { method: "PUT", path: "/models/:m/predict" },
    ...["/a/b", "/a_b", "/a/b_2", "/a/:b"].map((path) => ({ method: "GET", path })),
  ];
  const document = documentOf({ pluginRoutes });
  expect(openApiFaults(document)).toEqual([]);
  const paths = Object.keys(document.paths).filter((path) => /^\/models\/\{\w+\}\/pre/.test(path));
  expect(paths).toEqual(["/models/{name}/predict"]);
  expect(Object.keys(document.paths["/models/{name}/predict"] ?? {})).toEqual(["post", "put"]);
});

test("serveApi() tells a model's own tensors, with an example that fits", () => {
  expect(exampleOf({}, PREDICT)).toEqual({ input: { x: [0, 0] } });
  expect(exampleOf({}, INFER)).toEqual({
    inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], data: [0, 0] }],
  });
  const text = { t: { datatype: "BYTES", shape: [-1, 1] } } as const;
  expect(exampleOf({ input: text }, PREDICT)).toEqual({ input: { t: ["text"] } });
});

test("serveApi() tells of a model that streams how it is asked for its pieces, and of one that only streams nothing else", () => {
  const STREAM = "/v2/models/sum/versions/1/generate_stream";
  const both = { streams: true };
  const only = { streams: true, predicts: false };
  expect(exampleOf(both, STREAM)).toEqual({ x: [0, 0] });
  expect(exampleOf(both, PREDICT)).toEqual({ input: { x: [0, 0] } });
  expect(exampleOf({ ...only, ...NO_SIGNATURE }, STREAM)).toEqual({});
  const inputSchema = z.toJSONSchema(z.object({ text_input: z.string() }));
  expect(exampleOf({ ...only, ...NO_SIGNATURE, inputSchema }, STREAM)).toEqual({
    text_input: "text",
  });
  const large = { x: { datatype: "FP32", shape: [-1, 3, 1_024, 1_024] } } as const;
  expect(exampleOf({ ...only, input: large }, STREAM)).toBeUndefined();
  const document = documentOf({ models: [modelFacts(only)] });
  expect(openApiFaults(document)).toEqual([]);
  const told = Object.keys(document.paths).filter((path) => path.includes("/sum/"));
  expect(told).toEqual([STREAM]);
  expect(Object.keys(documentOf().paths)).not.toContain(STREAM);
});

test("serveApi() tells a plugin's own schema, and the text that it is for the open protocol", () => {
  const schema = z.object({
    text: z.string(),
    size: z.int().min(3),
    kind: z.enum(["a", "b"]),
    tags: z.array(z.string()),
    note: z.string().optional(),
  });
  const model = { ...NO_SIGNATURE, inputSchema: z.toJSONSchema(schema) };
  const item = exampleOf(model, PREDICT) as { input: unknown };
  expect(schema.parse(item.input)).toEqual({ text: "text", size: 3, kind: "a", tags: ["text"] });
  expect(exampleOf(model, INFER)).toEqual({
    inputs: [{ name: "input", datatype: "BYTES", shape: [1], data: [JSON.stringify(item.input)] }],
  });
});

test("serveApi() gives an example that fits, also of a schema that holds itself", () => {
  interface Tree {
    children: Tree[];
  }
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ children: z.array(tree) }));
  const schema = z.object({
    tree,
    either: z.union([z.string(), z.number()]),
    both: z.intersection(z.object({ a: z.number() }), z.object({ b: z.email() })),
    maybe: z.nullable(z.uuid()),
    short: z.string().max(2),
    below: z.number().max(-3),
    above: z.int().positive(),
    pair: z.tuple([z.iso.datetime(), z.boolean()]),
  });
  const model = { ...NO_SIGNATURE, inputSchema: z.toJSONSchema(schema) };
  const { input } = exampleOf(model, PREDICT) as { input: unknown };
  expect(schema.safeParse(JSON.parse(JSON.stringify(input))).error).toBeUndefined();
});

test("serveApi() gives no example that nobody could read, and none of a model that is not ready", () => {
  const input = { x: { datatype: "FP32", shape: [-1, 3, 1_024, 1_024] } } as const;
  expect(exampleOf({ input }, PREDICT)).toBeUndefined();
  const small = { y: { datatype: "FP32", shape: [-1, 1] } } as const;
  expect(exampleOf({ input: { ...input, ...small } }, PREDICT)).toBeUndefined();
  expect(exampleOf({ input }, INFER)).toBeUndefined();
  const models = [modelFacts({ state: "LOADING" })];
  expect(Object.keys(documentOf({ models }).paths)).not.toContain(PREDICT);
});

test("serveApi() keeps a recursive schema whole", () => {
  interface Tree {
    children: Tree[];
  }
  const tree: z.ZodType<Tree> = z.lazy(() => z.object({ children: z.array(tree) }));
  const inputSchema = z.toJSONSchema(z.object({ tree }));
  const document = documentOf({ models: [modelFacts({ ...NO_SIGNATURE, inputSchema })] });
  expect(openApiFaults(document)).toEqual([]);
  expect(JSON.stringify(document)).toContain("urn:ding:sum%401:input");
});

test("serveApi() tells failures as each route has them", () => {
  const { paths } = documentOf({ pluginRoutes: [{ method: "GET", path: "/own" }] });
  const shape = (path: string, status: string): string | undefined =>
    paths[path]?.["post"]?.responses[status]?.content?.["application/json"]?.schema.$ref;
  for (const status of ["400", "404", "413", "415", "429", "500", "503", "504"]) {
    for (const path of [PREDICT, "/predict", "/encode_json"]) {
      expect([path, shape(path, status)]).toEqual([path, "#/components/schemas/Failure"]);
    }
    expect(shape(INFER, status)).toBe("#/components/schemas/OipError");
  }
  expect(shape("/v2/repository/index", "400")).toBe("#/components/schemas/OipError");
  expect(Object.keys(paths["/own"]?.["get"]?.responses ?? {})).toEqual(["default"]);
});

test("openApi() wants the token where one is set, but for what is public", () => {
  const { paths, security } = documentOf({ hasToken: true });
  expect(security).toEqual([{ token: [] }]);
  expect(paths["/v2/health/live"]?.["get"]?.security).toEqual([]);
  expect(paths["/v2/models"]?.["get"]?.security).toBeUndefined();
  expect(Object.keys(paths["/v2/models"]?.["get"]?.responses ?? {})).toEqual(["200", "401", "403"]);
  expect(documentOf().security).toBeUndefined();
});

test("serveApi() has these routes open to who has no token, and no other", () => {
  const { paths } = documentOf({ hasToken: true });
  const open = Object.entries(paths)
    .filter(([, operations]) => Object.values(operations).some(({ security }) => security))
    .map(([path]) => path);
  const health = ["/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"];
  expect(open.toSorted()).toEqual(["/dashboard", "/docs", ...health]);
});

test("serveApi() takes a body where the method of a plugin's route has one", () => {
  const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
  const pluginRoutes = methods.map((method) => ({ method, path: "/own" }));
  const own = Object.entries(documentOf({ pluginRoutes }).paths["/own"] ?? {});
  const withBody = own.filter(([, { requestBody }]) => requestBody).map(([method]) => method);
  expect(withBody.toSorted()).toEqual(["patch", "post", "put"]);
});

test("serveApi() tells every route of the Open Inference Protocol, and no other", () => {
  const told = Object.entries(documentOf({ models: [] }).paths)
    .filter(([path]) => path === "/v2" || path.startsWith("/v2/"))
    .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`));
  const app = createApp({ health: { isLive: () => true, isReady: () => true } });
  const before = app.routes.length;
  mountOip(app, new FakeModels({}), {
    serverName: "ding",
    version: "1",
    bodyLimitBytes: 1,
    isLive: () => true,
    isReady: () => true,
    statistics: () => ({}),
  });
  const routes = app.routes
    .slice(before)
    .map(({ method, path }) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  expect(told.toSorted()).toEqual(routes.toSorted());
});
