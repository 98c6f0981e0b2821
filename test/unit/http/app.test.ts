import { describe, expect, test } from "bun:test";
import { DingError } from "../../../src/core/errors.ts";
import type { Logger } from "../../../src/core/log.ts";
import { createApp, type App, type AppOptions } from "../../../src/http/app.ts";
import { answer } from "../../../src/http/body.ts";
import { SlaveChannelInvalid } from "../../../src/protocol/slave-exceptions.ts";
import { MasterTaskDataInvalid } from "../../../src/protocol/master-exceptions.ts";
import { Registry } from "../../../src/telemetry/registry.ts";

const TOKEN = "s3cret-token";

class Recorder implements Logger {
  readonly errors: [message: string, fields: Record<string, unknown> | undefined][] = [];
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(message: string, fields?: Record<string, unknown>): void {
    this.errors.push([message, fields]);
  }
}

function makeApp(options: Partial<AppOptions> = {}): App {
  const app = createApp({ health: { isLive: () => true, isReady: () => true }, ...options });
  app.get("/status", (context) => answer(context, { state: "running", at: Number.NaN }));
  app.post("/echo", (context) => answer(context, null));
  app.put("/echo/:id", (context) => answer(context, context.req.param("id")));
  app.get("/throw/:what", ({ req }) => {
    throw THROWN[req.param("what")] as Error;
  });
  return app;
}

const THROWN: Record<string, unknown> = {
  ding: new DingError("task.refused", "Cannot take task", { hint: "Wait.", details: { a: 1 } }),
  full: new DingError("queue.full", "Cannot queue task"),
  stopping: new DingError("service.stopping", "Cannot go on"),
  refusal: new SlaveChannelInvalid({ data: { mine: 1 } }),
  "200": new MasterTaskDataInvalid(),
  detailed: new DingError("peer.refused", "No", { details: { status: 403, code: 602, data: [1] } }),
  plain: new DingError("peer.refused", "No"),
  bug: new TypeError("x is not a function"),
  text: "just text",
};

describe("errors", () => {
  const envelope = (message: string, error: object): object => ({
    success: false,
    code: 1,
    message,
    data: { error: { message, ...error } },
  });
  const table: [what: string, status: number, body: object, headers?: Record<string, string>][] = [
    [
      "ding",
      403,
      envelope("Cannot take task", { code: "task.refused", hint: "Wait.", details: { a: 1 } }),
    ],
    ["full", 429, envelope("Cannot queue task", { code: "queue.full" }), { "retry-after": "1" }],
    [
      "stopping",
      503,
      envelope("Cannot go on", { code: "service.stopping" }),
      { "retry-after": "1" },
    ],
    [
      "refusal",
      403,
      { success: false, code: 202, message: "Channel is not the slave's.", data: { mine: 1 } },
    ],
    ["200", 200, { success: false, code: 601, message: "Task data is not valid.", data: {} }],
    ["detailed", 403, { success: false, code: 602, message: "No", data: [1] }],
    ["plain", 403, envelope("No", { code: "peer.refused" })],
    ["bug", 500, envelope("x is not a function", { code: "internal.bug" })],
    ["text", 500, envelope("just text", { code: "internal.bug" })],
  ];
  for (const [what, status, body, headers = {}] of table) {
    test(`createApp() answers a thrown ${what} with ${status}`, async () => {
      const log = new Recorder();
      const response = await makeApp({ log }).request(`/throw/${what}`);
      expect(response.status).toBe(status);
      expect(await response.json()).toEqual(body);
      for (const [name, value] of Object.entries(headers)) {
        expect(response.headers.get(name)).toBe(value);
      }
      expect(log.errors.length).toBe(status === 500 ? 1 : 0);
    });
  }

  test("createApp() logs what nobody foresaw with its stack, and does not send that", async () => {
    const log = new Recorder();
    const text = await (await makeApp({ log }).request("/throw/bug")).text();
    expect(text).not.toContain("app.test.ts");
    expect(log.errors[0]?.[0]).toBe("Cannot answer GET /throw/bug: x is not a function");
    expect(String(log.errors[0]?.[1]?.["stack"])).toContain("app.test.ts");
  });
});

describe("routes", () => {
  const table: [call: string, status: number, allow?: string][] = [
    ["GET /status", 200],
    ["HEAD /status", 200],
    ["GET /nothing", 404],
    ["POST /nothing", 404],
    ["POST /status", 405, "HEAD, GET"],
    ["DELETE /echo/7", 405, "PUT"],
    ["HEAD /echo", 405, "POST"],
    ["OPTIONS /echo", 405, "POST"],
    ["POST /health/live", 405, "HEAD, GET"],
    ["GET /health", 404],
    ["GET /metrics", 404],
  ];
  for (const [call, status, allow] of table) {
    test(`createApp() answers ${call} with ${status}`, async () => {
      const [method = "", path = ""] = call.split(" ");
      const response = await makeApp().request(path, { method });
      expect(response.status).toBe(status);
      expect(response.headers.get("allow")).toBe(allow ?? null);
      const text = await response.text();
      if (method === "HEAD") return expect(text).toBe("");
      if (status >= 400) {
        const code = status === 404 ? "http.not-found" : "http.wrong-method";
        expect(JSON.parse(text)).toMatchObject({
          success: false,
          code: 1,
          data: { error: { code } },
        });
      }
    });
  }
});

describe("token", () => {
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const table: [path: string, headers: Record<string, string>, status: number][] = [
    ["/status", bearer(TOKEN), 200],
    ["/status", { authorization: `bearer  ${TOKEN}` }, 200],
    ["/status", {}, 401],
    ["/status", { authorization: TOKEN }, 401],
    ["/status", { authorization: "Basic YTpi" }, 401],
    ["/status", bearer(""), 401],
    ["/status", bearer("wrong"), 403],
    ["/status", bearer(`${TOKEN}x`), 403],
    ["/nothing", {}, 401],
    ["/metrics", {}, 401],
    ["/metrics", bearer(TOKEN), 200],
    ["/health/live", {}, 200],
    ["/health/ready", {}, 200],
    ["/v2/health/live", {}, 404],
    ["/healthy", {}, 401],
    ["/health/../status", {}, 401],
    ["/open/x", {}, 404],
  ];
  for (const [path, headers, status] of table) {
    test(`createApp() answers ${path} with ${status} to ${JSON.stringify(headers)}`, async () => {
      const app = makeApp({
        token: TOKEN,
        metrics: new Registry(),
        public: (asked) => asked.startsWith("/open/"),
      });
      const response = await app.request(path, { headers });
      expect(response.status).toBe(status);
      expect(response.headers.get("www-authenticate")).toBe(status === 401 ? "Bearer" : null);
      expect(await response.text()).not.toContain(TOKEN);
    });
  }
});

describe("health and metrics", () => {
  test("createApp() tells live and ready, with the reason why not", async () => {
    let isUp = true;
    const app = makeApp({
      health: {
        isLive: () => isUp,
        isReady: () => (isUp ? true : { ready: false, reason: "workers load the plugin" }),
      },
    });
    const ask = async (path: string): Promise<[number, unknown]> => {
      const response = await app.request(path);
      return [response.status, await response.json()];
    };
    expect(await ask("/health/live")).toEqual([200, { live: true }]);
    expect(await ask("/health/ready")).toEqual([200, { ready: true }]);
    isUp = false;
    expect(await ask("/health/live")).toEqual([503, { live: false }]);
    expect(await ask("/health/ready")).toEqual([
      503,
      { ready: false, reason: "workers load the plugin" },
    ]);
  });

  test("createApp() shows the registry at /metrics", async () => {
    const metrics = new Registry();
    metrics.counter("ding_x_total", "X").add(7);
    const response = await makeApp({ metrics }).request("/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toContain("\nding_x_total 7\n");
  });
});
