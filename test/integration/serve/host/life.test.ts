import { describe, expect, test } from "bun:test";
import { rename, rm, writeFile } from "node:fs/promises";
import type { DingError } from "../../../../src/core/errors.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import { Server } from "../../../../src/serve/server.ts";
import { providePluginModules } from "../../../../commands/_plugin-modules.ts";
import { modelFixture, predict, startServer } from "../../../support/serve.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { until } from "../../../support/until.ts";

const JOBS = modelFixture("jobs.ts");
providePluginModules();

/** A model that says its number. */
function saying(number: number, extra = ""): string {
  return `export default (inputs: unknown[]) => inputs.map(() => ${number});\n${extra}`;
}

describe("start()", () => {
  test("answers when every worker has loaded the model, and tells what is served", async () => {
    await using server = await startServer({ plugin: `small@2=${JOBS}`, workers: 2 });
    const { output } = (await predict(server.url, { tell: true })).body;
    expect(output).toMatchObject({ batch: 1, device: "cpu", version: "2" });
    expect(server.models.list()).toMatchObject([
      { name: "small", version: "2", state: "READY", reason: "", batchSize: 10 },
    ]);
    expect(server.status()).toMatchObject({ role: "serve", ready: true, state: "running" });
  });

  test("rejects with what the model says when it cannot be loaded, and leaves nothing", async () => {
    await using folder = await tempFolder();
    const plugin = await folder.write("model.ts", `throw new Error("no weights here");`);
    const server = new Server({ plugin, port: 0, workers: 3, logLevel: "silent" });
    const error = await server.start().catch((thrown: DingError) => thrown);
    expect((error as DingError).code).toBe("plugin.invalid");
    expect((error as DingError).message).toContain("no weights here");
  });

  test("tells nobody the password of its collector", async () => {
    const otlp = "http://ding:hush@127.0.0.1:9";
    await using server = await startServer({ plugin: JOBS, otlp, logLevel: "silent" });
    for (const path of ["/status", "/status/server", "/dashboard/feed", "/metrics"]) {
      const response = await fetch(`${server.url}${path}`);
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.not.stringContaining("hush") as string,
      ]);
    }
  });

  test("that listens everywhere names an address that one can open", async () => {
    await using server = await startServer({ plugin: JOBS, host: "0.0.0.0", insecure: true });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(server.address).toBe(`0.0.0.0:${server.port}`);
  });

  test("refuses to serve nothing", () => {
    expect(() => new Server({ repository: undefined, plugin: [] })).toThrow("no model is named");
  });

  test("refuses a device that this machine lacks", async () => {
    const server = new Server({ plugin: JOBS, port: 0, deviceMap: [7] });
    const error = await server.start().catch((thrown: DingError) => thrown);
    expect((error as DingError).code).toBe("usage.invalid-option");
  });
});

describe("models", () => {
  test("load() swaps under load: no request fails, and the new answers come from the new file", async () => {
    await using folder = await tempFolder();
    const plugin = await folder.write("model.ts", saying(1));
    await using server = await startServer({ plugin, workers: 2 });
    const seen = new Set<unknown>();
    let isOver = false;
    const asking = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const { status, body } = await predict(server.url, null);
        if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
        seen.add(body["output"]);
      }
    });
    await until(() => seen.has(1), { what: "an old answer" });
    await writeFile(plugin, saying(2));
    await server.models.load("model");
    await until(() => seen.has(2), { what: "a new answer" });
    isOver = true;
    await Promise.all(asking);
    expect((await predict(server.url, null)).body["output"]).toBe(2);
    await until(() => server.facts().models[0]?.workers.length === 2, {
      what: "the old ones gone",
    });
  });

  test("a reload that fails keeps the old model", async () => {
    await using folder = await tempFolder();
    const plugin = await folder.write("model.ts", saying(1));
    await using server = await startServer({ plugin, logLevel: "silent" });
    await writeFile(plugin, "export default (");
    const error = await server.models.load("model").catch((thrown: DingError) => thrown);
    expect((error as DingError).code).toBe("plugin.invalid");
    expect((await predict(server.url, null)).body["output"]).toBe(1);
    expect(server.models.list()[0]?.state).toBe("READY");
  });

  test("watch loads a model again when its file changes", async () => {
    await using folder = await tempFolder();
    const plugin = await folder.write("model.ts", saying(1));
    await using server = await startServer({ plugin, watch: true });
    await writeFile(plugin, saying(3));
    await until(async () => (await predict(server.url, null)).body["output"] === 3, {
      what: "the new model",
      timeoutMs: 20_000,
    });
  });

  test("unload() finishes what is here, then answers 503; load() brings it back", async () => {
    await using server = await startServer({ plugin: JOBS });
    const running = predict(server.url, { waitMs: 1_000, echo: "done" });
    await until(() => server.facts().models[0]?.workers.some(({ state }) => state === "busy"), {
      what: "a batch that runs",
    });
    const unloading = Promise.all([server.models.unload("jobs"), server.models.unload("jobs")]);
    const refused = await predict(server.url, { echo: 1 });
    expect(refused.status).toBe(503);
    await unloading;
    expect((await running).body["output"]).toBe("done");
    expect((await predict(server.url, { echo: 1 })).status).toBe(503);
    expect(server.models.list()[0]?.state).toBe("UNAVAILABLE");
    const loading = server.models.load("jobs");
    const begun = await until(() =>
      server.models.list().find(({ state }) => state !== "UNAVAILABLE"),
    );
    expect(begun.reason).toBe("");
    await loading;
    expect((await predict(server.url, { echo: 1 })).status).toBe(200);
  });

  test("of several versions the greatest that serves is the default", async () => {
    await using folder = await tempFolder();
    await folder.write("said/2/model.ts", saying(2));
    await folder.write("said/10/model.ts", saying(10));
    await folder.write("other.ts", saying(0));
    await using server = await startServer({ repository: folder.path });
    expect((await predict(server.url, null, { model: "said" })).body["output"]).toBe(10);
    expect((await predict(server.url, null, { model: "said/versions/2" })).body["output"]).toBe(2);
    await server.models.unload("said", { version: "10" });
    expect((await predict(server.url, null, { model: "said" })).body["output"]).toBe(2);
    expect((await predict(server.url, null, { model: "none" })).status).toBe(404);
    await folder.write("late.ts", saying(5));
    await server.models.load("late");
    expect((await predict(server.url, null, { model: "late" })).body["output"]).toBe(5);
    const versions = server.models.list().map(({ name, version }) => `${name}@${version}`);
    expect(versions).toEqual(["other@1", "said@2", "said@10", "late@1"]);
  });
});

describe("reload()", () => {
  test("leaves alone what was unloaded, and survives a repository that is away", async () => {
    await using folder = await tempFolder();
    await folder.write("models/one.ts", saying(1));
    await folder.write("models/two.ts", saying(2));
    await using server = await startServer({ repository: folder.file("models") });
    await server.models.unload("one");
    await server.reload();
    const states = (): unknown[] => server.models.list().map(({ name, state }) => [name, state]);
    expect(states()).toEqual([
      ["one", "UNAVAILABLE"],
      ["two", "READY"],
    ]);
    await rename(folder.file("models"), folder.file("away"));
    await server.reload();
    expect(states()).toEqual([
      ["one", "UNAVAILABLE"],
      ["two", "READY"],
    ]);
    expect((await predict(server.url, null, { model: "two" })).body["output"]).toBe(2);
  });
});

describe("a model whose workers are all gone", () => {
  test("answers 503 while the next one takes long to load, the server is not ready meanwhile; and then serves again", async () => {
    await using folder = await tempFolder();
    const gate = folder.file("gate");
    const plugin = await folder.write(
      "model.ts",
      `import { existsSync } from "node:fs";
       const isFirst = !existsSync(${JSON.stringify(gate)});
       if (!isFirst) while (existsSync(${JSON.stringify(gate)})) await new Promise((go) => setTimeout(go, 20));
       export default (inputs) => inputs.map(() => process.pid);`,
    );
    await using server = await startServer({ plugin });
    const pid = (await predict(server.url, null)).body["output"] as number;
    await writeFile(gate, "");
    process.kill(pid, "SIGKILL");
    await until(async () => (await predict(server.url, null)).status === 503, {
      what: "503",
      timeoutMs: 30_000,
    });
    const ready = async (path: string) => (await fetch(`${server.url}${path}`)).status;
    expect([await ready("/health/ready"), await ready("/v2/health/ready")]).toEqual([503, 503]);
    await rm(gate);
    await until(async () => (await predict(server.url, null)).status === 200, {
      what: "an answer of the next worker",
      timeoutMs: 30_000,
    });
    expect([await ready("/health/ready"), await ready("/v2/health/ready")]).toEqual([200, 200]);
  });
});

describe("close()", () => {
  test("lets running requests finish, and answers new ones with 503 meanwhile", async () => {
    const server = await startServer({ plugin: JOBS });
    const running = predict(server.url, { waitMs: 1_000, echo: "done" });
    await until(() => server.facts().models[0]?.workers.some(({ state }) => state === "busy"), {
      what: "a batch that runs",
    });
    const closing = server.close();
    const ready = await fetch(`${server.url}/health/ready`);
    expect(ready.status).toBe(503);
    expect((await predict(server.url, { echo: 1 })).status).toBe(503);
    expect((await running).body["output"]).toBe("done");
    await closing;
    expect(server.state).toBe("stopped");
  });

  test("says how many requests had not finished when their time was over", async () => {
    const warnings: string[] = [];
    const log = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const server = await startServer({ plugin: JOBS, log });
    const running = predict(server.url, { waitMs: 60_000 });
    await until(() => server.facts().models[0]?.workers.some(({ state }) => state === "busy"), {
      what: "a batch that runs",
    });
    await server.close(50);
    expect((await running).status).toBe(503);
    expect(warnings).toEqual([
      expect.stringContaining("1 request has not finished in time") as string,
    ]);
  });
});

describe("routes of a plugin", () => {
  test("stand behind the server's own, and ask the model through its queue", async () => {
    await using folder = await tempFolder();
    const plugin = await folder.write(
      "model.ts",
      `import { defineModel } from "ding";
       export default defineModel({
         predict: (_model, inputs) => inputs.map((item) => item * 2),
         routes(app, client) {
           app.get("/twice/:n", async (c) => c.json({ twice: await client.encode(Number(c.req.param("n"))) }));
           app.get("/status", (c) => c.text("mine"));
           app.post("/said", async (c) => c.json([await c.req.json(), JSON.parse("[")]));
         },
       });`,
    );
    await using server = await startServer({ plugin, logLevel: "silent", bodyLimitBytes: 100 });
    const twice = await fetch(`${server.url}/twice/21`);
    expect(await twice.json()).toEqual({ twice: 42 });
    expect(await (await fetch(`${server.url}/status`)).text()).not.toBe("mine");
    expect((await fetch(`${server.url}/nothing`)).status).toBe(404);
    expect((await fetch(`${server.url}/predict`)).status).toBe(405);
    const said = (body: string | ReadableStream): Promise<Response> =>
      fetch(`${server.url}/said`, { method: "POST", body });
    const misfit = await said('{"a": 1');
    expect([misfit.status, await misfit.text()]).toEqual([
      400,
      expect.stringContaining("Cannot read body as JSON: line 1, column 8"),
    ]);
    const long = JSON.stringify("a".repeat(100));
    const streams = [new Blob(["{}"]).stream(), new Blob([long]).stream()];
    const answers = await Promise.all(["{}", long, ...streams].map(said));
    expect(answers.map(({ status }) => status)).toEqual([500, 413, 500, 413]);
  });
});
