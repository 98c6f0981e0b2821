import { expect, test } from "bun:test";
import { TestModels, echoes, post, startOip } from "./oip-server.ts";

const signature = { x: { datatype: "FP32", shape: [-1, 2] } } as const;

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

test("mountOip() tells of the server and its models", async () => {
  const models = new TestModels({
    m: echoes(signature),
    later: { facts: { state: "LOADING", reason: "not yet", platform: "" } },
  });
  await using server = await startOip(models, {
    statistics: (name, version) => ({ model_stats: [{ name, version }] }),
  });
  const { url } = server;
  const { body } = await get(`${url}/v2`);
  expect(body).toMatchObject({ name: "ding", version: "0.0.0" });
  const { extensions } = body as { extensions: string[] };
  expect(extensions).toContain("binary_tensor_data");
  expect(extensions).toContain("statistics");
  expect(await get(`${url}/v2/health/live`)).toEqual({ status: 200, body: { live: true } });
  expect(await get(`${url}/v2/health/ready`)).toEqual({
    status: 200,
    body: { live: true, ready: true },
  });
  expect(await get(`${url}/v2/models`)).toMatchObject({ body: { models: ["m", "later"] } });
  const metadata = {
    name: "m",
    versions: ["1"],
    platform: "ding_plugin",
    inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
    outputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
  };
  for (const path of ["/v2/models/m", "/v2/models/m/versions/1"]) {
    // oxlint-disable no-await-in-loop -- one after the other
    expect(await get(`${url}${path}`)).toEqual({ status: 200, body: metadata });
    expect(await get(`${url}${path}/ready`)).toEqual({
      status: 200,
      body: { name: "m", ready: true },
    });
    expect(await get(`${url}${path}/config`)).toMatchObject({ body: { max_batch_size: 8 } });
    expect(await get(`${url}${path}/stats`)).toMatchObject({
      body: { model_stats: [{ name: "m" }] },
    });
    // oxlint-enable no-await-in-loop
  }
  expect(await get(`${url}/v2/models/stats`)).toEqual({ status: 200, body: { model_stats: [{}] } });
  expect(await get(`${url}/v2/models/later/ready`)).toEqual({
    status: 503,
    body: { name: "later", ready: false },
  });
  expect(await get(`${url}/v2/models/later`)).toEqual({
    status: 503,
    body: { error: 'Cannot ask model "later": it is LOADING: not yet' },
  });
  expect(await get(`${url}/v2/models/none/stats`)).toMatchObject({ status: 404 });
});

test("mountOip() is not ready when the server is not, and has no statistics unless given some", async () => {
  await using server = await startOip(new TestModels({}), { isReady: () => false });
  expect(await get(`${server.url}/v2/health/ready`)).toEqual({
    status: 503,
    body: { live: true, ready: false },
  });
  expect(await get(`${server.url}/v2/models/stats`)).toMatchObject({ status: 404 });
});

test("mountOip() lists, loads and unloads models", async () => {
  const models = new TestModels({ m: echoes(signature), b: { facts: { state: "UNAVAILABLE" } } });
  await using server = await startOip(models);
  const repository = `${server.url}/v2/repository`;
  const { body } = await post(`${repository}/index`, "");
  expect(body).toMatchObject([
    { name: "m", version: "1", state: "READY", reason: "" },
    { name: "b", state: "UNAVAILABLE" },
  ]);
  expect((await post(`${repository}/index`, { ready: true })).body).toHaveLength(1);
  expect(await post(`${repository}/models/m/load`, "")).toMatchObject({
    status: 200,
    body: { name: "m", load: true },
  });
  const dependents = { parameters: { unload_dependents: false } };
  await post(`${repository}/models/m@1/unload`, dependents);
  expect(await post(`${repository}/models/m/load`, { parameters: { config: "{}" } })).toMatchObject(
    {
      status: 400,
    },
  );
  expect(await post(`${repository}/models/q/load`, {})).toMatchObject({ status: 404 });
  expect(models.calls).toEqual(["load m@", "unload m@1", "load q@"]);
});

test("answerOipFault() gives the protocol's error before any route is reached", async () => {
  await using server = await startOip(new TestModels({}), { token: "secret" });
  const { url } = server;
  expect(await get(`${url}/v2/health/ready`)).toMatchObject({ status: 200 });
  const missing = await fetch(`${url}/v2/models`);
  expect(missing.status).toBe(401);
  expect(missing.headers.get("www-authenticate")).toBe("Bearer");
  expect(await missing.json()).toEqual({ error: expect.stringContaining("it carries no token") });
  const headers = { Authorization: "Bearer secret" };
  const unknown = await fetch(`${url}/v2/nothing`, { headers });
  expect([unknown.status, await unknown.json()]).toEqual([
    404,
    { error: "Cannot answer GET /v2/nothing: no such route" },
  ]);
  const wrong = await fetch(`${url}/v2/models`, { headers, method: "DELETE" });
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "HEAD, GET"]);
  const elsewhere = await fetch(`${url}/nothing`, { headers });
  expect(await elsewhere.json()).toMatchObject({ success: false });
});
