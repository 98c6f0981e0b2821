import { expect, test } from "bun:test";
import { modelFixture, predict, startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const JOBS = modelFixture("jobs.ts");
const PATIENCE = { timeoutMs: 20_000 };

interface Worker {
  pid: number;
  state: string;
}

async function workersOf({ url }: StartedServe): Promise<Worker[]> {
  const { models } = (await (await fetch(`${url}/status`)).json()) as {
    models: { workers: Worker[] }[];
  };
  return models[0]?.workers ?? [];
}

test("--queue-limit: over it the answer is 429 with Retry-After over each of the faces, and what was taken is answered", async () => {
  await using folder = await tempFolder();
  const [mark, gate] = [folder.file("mark"), folder.file("gate")];
  const words = ["--batch-size=1", "--queue-limit=5"];
  await using server = await startServe([JOBS, ...words]);
  const first = predict(server.url, { echo: 0, gate, mark });
  await until(() => Bun.file(mark).exists(), PATIENCE);
  const taken = Array.from({ length: 5 }, (_, echo) => predict(server.url, { echo }));
  await until(async () => {
    const { models } = (await (await fetch(`${server.url}/status`)).json()) as {
      models: { queuedRequests: number }[];
    };
    return models[0]?.queuedRequests === 5;
  }, PATIENCE);
  const item = { name: "input", shape: [1], datatype: "BYTES", data: ["{}"] };
  const asks: [path: string, body: object][] = [
    ["/predict", { input: {} }],
    ["/predict", { inputs: [{}, {}] }],
    ["/encode_json", {}],
    ["/v2/models/jobs/infer", { inputs: [item] }],
    ["/v2/models/jobs/generate", { echo: 1 }],
  ];
  const refused = await Promise.all(
    asks.map(([path, body]) =>
      fetch(`${server.url}${path}`, { method: "POST", body: JSON.stringify(body) }),
    ),
  );
  expect(refused.map(({ status }) => status)).toEqual(Array(asks.length).fill(429));
  for (const { headers } of refused) {
    expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  }
  await folder.write("gate", "");
  const answers = await Promise.all([first, ...taken]);
  expect(answers.map(({ body }) => body["output"])).toEqual([0, 0, 1, 2, 3, 4]);
  const metrics = await (await fetch(`${server.url}/metrics`)).text();
  expect(metrics).toMatch(/^nv_inference_request_failure\{.*reason="REJECTED"\} 5$/m);
});

test("--num-worker-expanded adds workers while all are busy, and lets them go when it is calm", async () => {
  const words = ["--workers=1", "--num-worker-expanded=2", "--batch-size=1"];
  const soon = ["-duration_expand", "300", "-duration_squeeze", "600"];
  await using server = await startServe([JOBS, ...words, ...soon]);
  let isOver = false;
  let answered = 0;
  const ask = async (): Promise<void> => {
    while (!isOver) {
      expect((await predict(server.url, { echo: 1, waitMs: 20 })).body).toEqual({ output: 1 });
      answered += 1;
    }
  };
  const asking = Promise.all([ask(), ask(), ask(), ask(), ask(), ask()]);
  await until(async () => (await workersOf(server)).length === 3, { timeoutMs: 30_000 });
  isOver = true;
  await asking;
  expect(answered).toBeGreaterThan(5);
  await until(async () => (await workersOf(server)).length === 1, { timeoutMs: 30_000 });
  expect((await predict(server.url, { echo: 2 })).body).toEqual({ output: 2 });
});

test("--predict-timeout-ms ends a batch that takes too long with 504, and a worker that stands still is replaced", async () => {
  const words = ["--workers=1", "--predict-timeout-ms=600", "--batch-size=4"];
  await using server = await startServe([JOBS, ...words]);
  const spins = await predict(server.url, { spin: true });
  expect([spins.status, JSON.stringify(spins.body)]).toEqual([
    504,
    expect.stringContaining("600 ms") as string,
  ]);
  const standing = await until(
    async () => (await workersOf(server)).find(({ state }) => state === "idle"),
    { ...PATIENCE, what: "its successor" },
  );
  process.kill(standing.pid, "SIGSTOP");
  // It was alone with the worker that stands still, which is not its fault: it runs again.
  expect((await predict(server.url, { echo: 1 })).body).toEqual({ output: 1 });
  expect((await predict(server.url, { echo: 2 })).body).toEqual({ output: 2 });
  expect((await workersOf(server)).map(({ pid }) => pid)).not.toContain(standing.pid);
});
