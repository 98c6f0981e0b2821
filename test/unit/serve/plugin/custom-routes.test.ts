import { expect, test } from "bun:test";
import { Hono } from "hono";
import { silentLogger } from "../../../../src/core/log.ts";
import { createApp, type App } from "../../../../src/http/app.ts";
import { CustomRoutes } from "../../../../src/serve/custom/routes.ts";
import { LocalClient } from "../../../../src/serve/host/local-client.ts";
import type { Models } from "../../../../src/serve/inference.ts";
import { FakeModels } from "../../../support/fake-models.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PLUGIN = `
const gate = Promise.withResolvers();
export function routes(app) {
  app.get("/wait", async (context) => context.text(await gate.promise));
  app.get("/open", (context) => (gate.resolve("open"), context.text("opened")));
}
export default (inputs) => inputs;
`;

test("CustomRoutes lets what is here be answered, and takes nothing new when the server stops", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("model.ts", PLUGIN);
  const app = new Hono() as unknown as App;
  app.onError((thrown, context) => context.text((thrown as { code?: string }).code ?? "", 503));
  let isStopping = false;
  const custom = new CustomRoutes();
  custom.mount(app, { limitBytes: 100, isStopping: () => isStopping });
  await custom.load([{ name: "m", plugin, exportName: "default" }], {} as Models);
  const waiting = Promise.resolve(app.request("/wait"));
  const { signal } = new AbortController();
  const order: string[] = [];
  const drained = custom.drained(signal).then(() => order.push("drained"));
  const answered = waiting.then(async (response) => order.push(await response.text()));
  await app.request("/open");
  isStopping = true;
  await Promise.all([drained, answered]);
  expect(order.toSorted()).toEqual(["drained", "open"]);
  const late = await app.request("/wait");
  expect([late.status, await late.text()]).toEqual([503, "service.stopping"]);
  await custom.drained(signal);
});

test("drained() ends at the deadline, whoever is asked still", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("model.ts", PLUGIN);
  const app = new Hono() as unknown as App;
  const custom = new CustomRoutes();
  custom.mount(app, { limitBytes: 100, isStopping: () => false });
  await custom.load([{ name: "m", plugin, exportName: "default" }], {} as Models);
  const deadline = new AbortController();
  const waiting = app.request("/wait");
  const drained = custom.drained(deadline.signal).then(() => "drained");
  const first = await Promise.race([drained, Promise.resolve("waiting")]);
  deadline.abort();
  expect([first, await drained]).toEqual(["waiting", "drained"]);
  await app.request("/open");
  expect(await (await waiting).text()).toBe("open");
});

test("CustomRoutes refuses a wrong method with those that would do, and a path that nobody has", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("model.ts", PLUGIN);
  const app: App = createApp({ health: { isLive: () => true, isReady: () => true } });
  const custom = new CustomRoutes();
  custom.mount(app, { limitBytes: 100, isStopping: () => false });
  await custom.load([{ name: "m", plugin, exportName: "default" }], {} as Models);
  const told = async (method: string, path: string): Promise<unknown[]> => {
    const { status, headers } = await app.request(path, { method });
    return [status, headers.get("allow")];
  };
  expect(await told("POST", "/open")).toEqual([405, "HEAD, GET"]);
  expect(await told("POST", "/health/live")).toEqual([405, "HEAD, GET"]);
  expect(await told("GET", "/nothing")).toEqual([404, null]);
});

test("encodeAll() of nothing is nothing, as everywhere", async () => {
  expect(await new LocalClient({} as Models, "m").encodeAll([])).toEqual([]);
});

const ASKING = `
export function routes(app, client) {
  app.post("/one", async (context) => context.json(await client.encode(await context.req.json())));
  app.post("/mine", async (context) => {
    const { signal } = new AbortController();
    return context.json(await client.encode(await context.req.json(), { signal, priority: 1 }));
  });
  app.post("/pieces", async (context) => {
    const pieces = [];
    for await (const piece of client.stream(await context.req.json())) pieces.push(piece);
    return context.json(pieces);
  });
}
export default (inputs) => inputs;
`;

test("what a plugin's route asks for is asked on behalf of whoever asked the route, and given up with him", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("model.ts", ASKING);
  const app = new Hono() as unknown as App;
  const custom = new CustomRoutes();
  custom.mount(app, { limitBytes: 100, isStopping: () => false });
  const models = new FakeModels({
    m: {
      predict: (item) => item,
      async *stream(item) {
        yield item;
        yield "last";
      },
    },
  });
  await custom.load([{ name: "m", plugin, exportName: "default" }], models);
  const leaving = new AbortController();
  const post = async (path: string, headers: Record<string, string> = {}): Promise<unknown> => {
    const init = { method: "POST", body: "7", headers, signal: leaving.signal };
    const response = await app.request(path, init, { info: { remoteAddress: "10.0.0.1" } });
    return response.json();
  };
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  expect(await post("/one", { "Ding-Client": "me", traceparent })).toBe(7);
  expect(await post("/mine")).toBe(7);
  expect(await post("/pieces")).toEqual([7, "last"]);
  expect(models.requests).toMatchObject([
    { client: "me", traceparent },
    { client: "10.0.0.1", priority: 1 },
    { client: "10.0.0.1" },
  ]);
  leaving.abort();
  expect(models.requests.map(({ signal }) => signal?.aborted)).toEqual([true, false, true]);
});

const HIDDEN = `
export function routes(app) {
  app.get("/health/live", (context) => context.text("mine"));
  app.post("/health/live", (context) => context.text("mine"));
  app.post("/models/best/predict", (context) => context.text("mine"));
  app.get("/models/best", (context) => context.text("mine"));
}
export default (inputs) => inputs;
`;

test("CustomRoutes tells of routes that ding answers itself", async () => {
  await using folder = await tempFolder();
  const plugin = await folder.write("model.ts", HIDDEN);
  const app: App = createApp({ health: { isLive: () => true, isReady: () => true } });
  app.post("/models/:name/predict", (context) => context.text("ours"));
  const told: string[] = [];
  const log = { ...silentLogger, warn: (message: string) => void told.push(message) };
  const custom = new CustomRoutes();
  custom.mount(app, { limitBytes: 100, isStopping: () => false, log });
  await custom.load([{ name: "m", plugin, exportName: "default" }], {} as Models);
  expect(told).toEqual([
    "the route GET /health/live of a plugin is never asked: ding answers it",
    "the route POST /models/best/predict of a plugin is never asked: ding answers it",
  ]);
});
