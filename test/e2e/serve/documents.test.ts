import { afterAll, beforeAll, expect, test } from "bun:test";
import { runCommand } from "../../../scripts/test-services/run-command.ts";
import { openApiFaults } from "../../support/openapi-faults.ts";
import { startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const MODEL = `import { defineModel } from "ding";
export default defineModel({
  input: { x: { datatype: "FP32", shape: [-1, 2] } },
  output: { y: { datatype: "FP32", shape: [-1, 1] } },
  predict: (_model, inputs) => inputs.map(({ x }) => {
    if (x[0] < 0) throw new Error("below nothing");
    return { y: [x[0] + x[1]] };
  }),
  routes(app, client) {
    app.post("/normalize", async (context) => context.json(await client.encode(await context.req.json())));
  },
});
`;

let folder: TempFolder;
let server: StartedServe;

beforeAll(async () => {
  folder = await tempFolder();
  const model = await folder.write("sum.ts", MODEL);
  server = await startServe([model, "--workers=2", "--batch-size=4", "--queue-limit=100"]);
}, 60_000);

afterAll(async () => {
  expect((await server.stop()).code).toBe(0);
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

test("/openapi.json is a valid document with every face, the model's tensors and the plugin's routes; /docs shows it from this server alone", async () => {
  const response = await fetch(`${server.url}/openapi.json`);
  expect(response.headers.get("content-type")).toContain("application/json");
  const document = (await response.json()) as { paths: Record<string, object> };
  expect(openApiFaults(document)).toEqual([]);
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      "/encode_json",
      "/normalize",
      "/predict",
      "/v2/models/{model}/infer",
      "/models/sum/versions/1/predict",
      "/status/server",
    ]),
  );
  expect(JSON.stringify(document)).toContain("FP32");
  const page = await (await fetch(`${server.url}/docs`)).text();
  expect(page).toStartWith("<!doctype html>");
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
});

/** What curl -d sends has a form's type; "no type" is curl with the header taken away. */
const ROUTES: [path: string, body: string, answer: unknown][] = [
  ["/predict", '{"input":{"x":[1,2]}}', { output: { y: [3] } }],
  ["/models/sum/predict", '{"inputs":[{"x":[1,2]}]}', { outputs: [{ y: [3] }] }],
  ["/encode_json", '{"x":[1,2]}', expect.objectContaining({ error_code: 0, data: { y: [3] } })],
  [
    "/v2/models/sum/infer",
    '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]}',
    expect.objectContaining({
      outputs: [{ name: "y", datatype: "FP32", shape: [1, 1], data: [3] }],
    }),
  ],
  ["/v2/models/sum/generate", '{"x":[1,2]}', expect.objectContaining({ y: 3 })],
  ["/v2/repository/index", "{}", [expect.objectContaining({ name: "sum", state: "READY" })]],
  ["/normalize", '{"x":[1,2]}', { y: [3] }],
];

const TYPES: [name: string, words: string[]][] = [
  ["what curl -d sends", []],
  ["no type", ["-H", "Content-Type:"]],
  ["JSON", ["-H", "Content-Type: application/json; charset=utf-8"]],
];

test.each(TYPES)("every JSON route reads a body with %s as JSON", async (_name, words) => {
  for (const [path, body, answer] of ROUTES) {
    const line: [string, ...string[]] = [
      "curl",
      "-s",
      ...words,
      "-d",
      body,
      `${server.url}${path}`,
    ];
    const { code, stdout } = await runCommand(line);
    expect([path, code, JSON.parse(stdout)] as unknown[]).toEqual([path, 0, answer]);
  }
});

async function metrics(): Promise<Map<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

test("/metrics counts by Triton's names: requests, rows, batches, failures by reason, time; the sums agree", async () => {
  const before = await metrics();
  const ask = async (inputs: number[][], timeoutMs?: number): Promise<number> => {
    const body = JSON.stringify({ inputs: inputs.map((x) => ({ x })), timeoutMs });
    return (await fetch(`${server.url}/predict`, { method: "POST", body })).status;
  };
  const good = await Promise.all([
    ...Array.from({ length: 20 }, () => ask([[1, 2]])),
    ...Array.from({ length: 5 }, () =>
      ask([
        [1, 2],
        [3, 4],
      ]),
    ),
  ]);
  expect(new Set(good)).toEqual(new Set([200]));
  expect(await ask([[-1, 0]])).toBe(500);
  // What cannot be read never comes to the model, and has failed all the same, whoever reads it.
  const wrong = ["/predict", "/encode_json", "/v2/models/sum/infer", "/v2/models/sum/generate"];
  const refused = await Promise.all(
    wrong.map((path) => fetch(`${server.url}${path}`, { method: "POST", body: "{" })),
  );
  expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  const of = '{model="sum",version="1"}';
  const failed = (reason: string): string =>
    `nv_inference_request_failure{model="sum",version="1",reason="${reason}"}`;
  const now = await until(
    async () => {
      const after = await metrics();
      return after.get(failed("BACKEND")) === (before.get(failed("BACKEND")) ?? 0) + 1 && after;
    },
    { timeoutMs: 20_000 },
  );
  const grown = (name: string): number => (now.get(name) ?? NaN) - (before.get(name) ?? NaN);
  expect(grown(`nv_inference_request_success${of}`)).toBe(25);
  expect(grown(`nv_inference_count${of}`)).toBe(30);
  expect(grown(failed("OTHER"))).toBe(4);
  const batches = grown(`nv_inference_exec_count${of}`);
  expect(batches).toBeGreaterThanOrEqual(8);
  expect(batches).toBeLessThanOrEqual(31);
  expect(grown(`ding_serve_batch_rows_count${of}`)).toBe(batches);
  const names = ["request", "queue", "compute_infer"].map(
    (what) => `nv_inference_${what}_duration_us${of}`,
  );
  for (const name of names) expect([name, grown(name) >= 0]).toEqual([name, true]);
  expect(now.get(`nv_inference_pending_request_count${of}`)).toBe(0);
  const workers = [...now.keys()].filter((name) => name.startsWith("ding_serve_worker_rows_total"));
  expect(workers).toHaveLength(2);
});
