import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import { FakeModels, untilAborted } from "../../../support/fake-models.ts";
import { startNative } from "../../../support/native-server.ts";
import { until } from "../../../support/until.ts";

const JSON_TYPE = "application/json";
const MSGPACK_TYPE = "application/msgpack";

function post(
  url: string,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: "POST", body, headers });
}

test("POST /predict answers items in the form that they came in, or that is asked for", async () => {
  await using server = await startNative((item) => ({ got: item }));
  const url = `${server.url}/predict`;
  const inputs = [1, { x: [2] }, "ü"];
  const outputs = inputs.map((got) => ({ got }));
  for (const type of [
    JSON_TYPE,
    "application/x-www-form-urlencoded",
    "text/plain;charset=UTF-8",
    "application/json; charset=utf-8",
  ]) {
    const answer = await post(url, JSON.stringify({ inputs, id: "a" }), { "content-type": type });
    expect(answer.headers.get("content-type")).toBe(JSON_TYPE);
    expect(await answer.json()).toEqual({ id: "a", outputs });
  }
  const untyped = await post(url, new TextEncoder().encode('{"input":5}'));
  expect(await untyped.json()).toEqual({ output: { got: 5 } });

  const packed = msgpack.encode({ input: { x: new Float32Array([1, 2]) } });
  const answer = await post(url, packed, { "content-type": MSGPACK_TYPE });
  expect(answer.headers.get("content-type")).toBe(MSGPACK_TYPE);
  expect(msgpack.decode(await answer.bytes())).toEqual({
    output: { got: { x: new Float32Array([1, 2]) } },
  });
  const asJson = await post(url, packed, { "content-type": MSGPACK_TYPE, accept: JSON_TYPE });
  expect(await asJson.json()).toEqual({ output: { got: { x: [1, 2] } } });
  const asMsgpack = await post(url, '{"inputs":[]}', { accept: MSGPACK_TYPE });
  expect(msgpack.decode(await asMsgpack.bytes())).toEqual({ outputs: [] });
});

test("POST …/predict finds models by name and version; what is not there is 404", async () => {
  const models = new FakeModels({ "a b": (item) => ["a", item], b: (item) => ["b", item] });
  await using server = await startNative(models);
  const ask = async (path: string): Promise<unknown> => {
    const answer = await post(`${server.url}${path}`, '{"input":1}');
    return answer.ok ? ((await answer.json()) as { output: unknown }).output : answer.status;
  };
  expect(await ask("/models/a%20b/predict")).toEqual(["a", 1]);
  expect(await ask("/models/b/versions/1/predict")).toEqual(["b", 1]);
  expect(await ask("/models/b/versions/2/predict")).toBe(404);
  expect(await ask("/models/c/predict")).toBe(404);
  expect(await ask("/predict")).toBe(404);
  expect((await fetch(`${server.url}/models/b/predict`)).status).toBe(405);
});

test("POST /predict hands on what is said beside the items", async () => {
  const models = new FakeModels({ m: (item) => item });
  await using server = await startNative(models);
  const beside = { id: "x", priority: 3, timeoutMs: 70, parameters: { k: [1] } };
  await post(`${server.url}/predict`, JSON.stringify({ inputs: [1, 2], ...beside }), {
    "Ding-Client": "me",
  });
  expect(models.requests[0]).toMatchObject({ ...beside, client: "me" });
  await post(`${server.url}/predict`, '{"input":1}');
  expect(models.requests[1]?.client).toMatch(/127\.0\.0\.1|::1/);
});

const BROKEN = '{"inputs":[1';

test("POST /predict answers what is wrong in the envelope of the house, and goes on", async () => {
  await using server = await startNative(
    (item) => {
      if (item === "full") {
        throw new DingError("queue.full", "full", { details: { retryAfterMs: 2_500 } });
      }
      if (item === "bad") throw new DingError("task.failed", "no");
      return item;
    },
    { limitBytes: 1_000 },
  );
  const url = `${server.url}/predict`;
  const rows: [BodyInit, Record<string, string>, number, string][] = [
    [BROKEN, {}, 400, "usage.invalid-input"],
    ['{"inputs":5}', {}, 400, "usage.invalid-input"],
    ["", {}, 400, "usage.invalid-input"],
    [Uint8Array.of(0x81, 0xa5), { "content-type": MSGPACK_TYPE }, 400, "usage.invalid-input"],
    ["x", { "content-type": "text/html" }, 415, "http.unsupported-type"],
    ["x", { "content-type": "text/plain" }, 400, "usage.invalid-input"],
    ['{"input":1}', { "content-encoding": "br" }, 415, "http.unsupported-type"],
    [JSON.stringify({ input: "x".repeat(2_000) }), {}, 413, "http.too-large"],
    ['{"input":"bad"}', {}, 500, "task.failed"],
    ['{"input":"full"}', {}, 429, "queue.full"],
  ];
  for (const [body, headers, status, code] of rows) {
    const answer = await post(url, body, headers);
    const told = (await answer.json()) as { success: boolean; data: { error: { code: string } } };
    expect([answer.status, told.success, told.data.error.code]).toEqual([status, false, code]);
    if (body === BROKEN) {
      expect(told).toMatchObject({
        message: expect.stringContaining("Cannot read body as JSON: line 1, column 13: ") as string,
      });
    }
    if (status === 429) expect(answer.headers.get("retry-after")).toBe("3");
  }
  expect((await post(url, '{"input":1}')).status).toBe(200);
});

test("POST /predict of a client that goes away is cancelled", async () => {
  let aborted = 0;
  const models = new FakeModels({
    m: (_item, { signal }) => untilAborted(signal).finally(() => (aborted += 1)),
  });
  await using server = await startNative(models);
  const leave = new AbortController();
  const asked = fetch(`${server.url}/predict`, {
    method: "POST",
    body: '{"input":1}',
    signal: leave.signal,
  }).catch(() => "gone");
  await until(() => models.requests.length === 1);
  leave.abort();
  expect(await asked).toBe("gone");
  await until(() => aborted === 1 && server.native.desk.open === 0);
});

test("POST /predict with an id by a client with a name runs once; without a name each time", async () => {
  let runs = 0;
  await using server = await startNative(() => ++runs);
  const ask = async (client: string | undefined, body: object): Promise<unknown> => {
    const headers: Record<string, string> = client ? { "Ding-Client": client } : {};
    const answer = await post(`${server.url}/predict`, JSON.stringify(body), headers);
    return ((await answer.json()) as { output: unknown }).output;
  };
  const body = { input: 1, id: "a" };
  expect([await ask("me", body), await ask("me", body)]).toEqual([1, 1]);
  expect([await ask("me", { ...body, input: 2 }), await ask("you", body)]).toEqual([2, 3]);
  expect([await ask(undefined, body), await ask(undefined, body)]).toEqual([4, 5]);
  expect([await ask("me", { input: 1 }), await ask("me", { input: 1 })]).toEqual([6, 7]);
});

test("drained() waits for what runs; meanwhile new requests are 503", async () => {
  const release = Promise.withResolvers<void>();
  const models = new FakeModels({ m: (item) => release.promise.then(() => item) });
  await using server = await startNative(models);
  const running = post(`${server.url}/predict`, '{"input":1}');
  await until(() => models.requests.length === 1);
  let isDrained = false;
  const draining = server.drain().then(() => (isDrained = true));
  const refused = await post(`${server.url}/predict`, '{"input":2}');
  expect([refused.status, refused.headers.has("retry-after"), isDrained]).toEqual([
    503,
    true,
    false,
  ]);
  release.resolve();
  expect(await (await running).json()).toEqual({ output: 1 });
  await draining;
});

test("GET /serve/session without an upgrade is 400, and with a wrong token 403", async () => {
  await using server = await startNative((item) => item, { token: "secret" });
  const url = `${server.url}/serve/session`;
  const ask = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(url, { headers })).status;
  expect(await ask({})).toBe(401);
  expect(await ask({ authorization: "Bearer wrong" })).toBe(403);
  expect(await ask({ authorization: "Bearer secret" })).toBe(400);
});
