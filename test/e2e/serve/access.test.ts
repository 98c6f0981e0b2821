import { readFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client } from "../../../src/serve/client/client.ts";
import { ding, spawnDing } from "../../support/ding.ts";
import { onEachRuntime } from "../../support/each-runtime.ts";
import { ROOT } from "../../support/runtimes.ts";
import { startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const TOKEN = "correct-horse-battery-staple";
const WRONG = "wrong-horse-battery-staple";
const MODEL = `import { defineModel } from "ding";
export default defineModel({
  predict: (_model, inputs) => inputs,
  routes: (app, client) => {
    app.post("/mine", async (context) => context.json(await client.encode(await context.req.json())));
  },
});
`;
/** Everything that answers with something of the models, or changes them. */
const CLOSED: [method: string, path: string, body?: string][] = [
  ["POST", "/predict", '{"input":1}'],
  ["POST", "/models/model/predict", '{"input":1}'],
  ["POST", "/encode_json", "1"],
  ["POST", "/encode", '{"img_url":"x"}'],
  ["GET", "/status"],
  ["GET", "/status/server"],
  ["GET", "/metrics"],
  ["GET", "/openapi.json"],
  ["GET", "/dashboard/feed"],
  ["GET", "/v2"],
  ["GET", "/v2/models/model"],
  ["POST", "/v2/models/model/generate", '{"x":1}'],
  ["POST", "/v2/repository/index"],
  ["POST", "/v2/repository/models/model/load"],
  ["POST", "/mine", "1"],
];
const OPEN = ["/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/dashboard"];
const tls = (name: string): string => join(ROOT, "test/integration/http/tls", name);
const CERTIFIED = [`--tls-cert=${tls("server.pem")}`, `--tls-key=${tls("server.key")}`];

let folder: TempFolder;
let model: string;
let tokenFile: string;
let server: StartedServe;

beforeAll(async () => {
  folder = await tempFolder();
  model = await folder.write("model.ts", MODEL);
  tokenFile = await folder.write("token", `${TOKEN}\n`);
  await chmod(tokenFile, 0o600);
  const args = [model, "--token-file", tokenFile, "--log-level=debug", "--host", "0.0.0.0"];
  server = await startServe(args);
});

afterAll(async () => {
  const { code, stdout, stderr } = await server.stop();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  expect(code).toBe(0);
  for (const token of [TOKEN, WRONG]) expect(stdout + stderr).not.toContain(token);
});

async function statusOf(
  [method, path, body]: (typeof CLOSED)[number],
  token?: string,
): Promise<number> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const url = `http://127.0.0.1:${server.port}${path}`;
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  await response.arrayBuffer();
  return response.status;
}

test("with a token every route but health and the page's shell wants it", async () => {
  for (const path of OPEN) expect([path, await statusOf(["GET", path])]).toEqual([path, 200]);
  for (const row of CLOSED) {
    const [method, path] = row;
    const codes = [await statusOf(row), await statusOf(row, WRONG), await statusOf(row, TOKEN)];
    const right = path === "/encode" ? expect.any(Number) : 200;
    expect([method, path, codes]).toEqual([method, path, [401, 403, right]]);
  }
});

test("the client and `serve call` show the token, and are refused without it", async () => {
  await using client = new Client({ ip: "127.0.0.1", port: server.port, token: TOKEN });
  expect(await client.encode([1])).toEqual([1]);
  for (const [token, code] of [
    [undefined, "auth.missing"],
    [WRONG, "auth.refused"],
  ] as const) {
    await using stranger = new Client({ ip: "127.0.0.1", port: server.port, token });
    expect(await thrownBy(stranger.encode(1))).toMatchObject({ code });
  }
  const words = ["serve", "call", `127.0.0.1:${server.port}`, "--data", "1"];
  const byFile = await ding([...words, "--token-file", tokenFile]);
  const byVariable = await ding(words, { env: { DING_TOKEN: TOKEN } });
  expect([byFile.stdout, byVariable.stdout]).toEqual(["1\n", "1\n"]);
  const refused = await ding(words);
  expect([refused.code, refused.stdout]).toEqual([4, ""]);
  expect(refused.stderr).toContain("token");
});

test("beyond loopback a server wants a token or --insecure, before it loads anything", async () => {
  const args = ["serve", model, "--host", "0.0.0.0", "--port", "0"];
  const { code, stdout, stderr } = await ding(args, { runtime: "binary" });
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toStartWith("ding: Cannot listen on 0.0.0.0:0 without a token");
  await using open = spawnDing([...args, "--insecure"], { runtime: "binary" });
  const { port } = await open.ready(30_000);
  expect((await fetch(`http://127.0.0.1:${port}/v2`)).status).toBe(200);
});

onEachRuntime([
  {
    name: "a server with a certificate is reached by those who trust it, over HTTP and by sessions",
    async run(runtime) {
      await using safe = await startServe([model, ...CERTIFIED], { runtime });
      expect(safe.url).toBe(`https://${safe.address}`);
      const ca = readFileSync(tls("ca.pem"), "utf8");
      const answer = await fetch(`${safe.url}/predict`, {
        method: "POST",
        body: '{"input":1}',
        tls: { ca },
      });
      expect(await answer.json()).toEqual({ output: 1 });
      await using client = new Client({ ip: safe.address, tls: { ca } });
      expect(await client.encode(2)).toBe(2);
      const words = ["serve", "call", safe.url, "--data", "3"];
      const trusting = await ding([...words, `--tls-ca=${tls("ca.pem")}`], { runtime });
      expect([trusting.code, trusting.stdout]).toEqual([0, "3\n"]);
      const stranger = await ding([...words, "--connect-timeout-ms=500"], { runtime });
      expect([stranger.code, stranger.stdout]).toEqual([5, ""]);
    },
  },
  {
    name: "a server that asks for certificates lets in who has one",
    omit: { deno: "its server does not ask for certificates" },
    async run(runtime) {
      const ca = readFileSync(tls("ca.pem"), "utf8");
      const [cert, key] = ["client.pem", "client.key"].map((name) =>
        readFileSync(tls(name), "utf8"),
      );
      const args = [model, ...CERTIFIED, `--tls-ca=${tls("ca.pem")}`];
      await using safe = await startServe(args, { runtime });
      const ready = `${safe.url}/v2/health/ready`;
      expect((await fetch(ready, { tls: { ca, cert, key } })).status).toBe(200);
      expect(await thrownBy(fetch(ready, { tls: { ca } }))).toBeInstanceOf(Error);
    },
  },
]);
