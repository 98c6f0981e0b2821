import { expect, test } from "bun:test";
import { request } from "node:http";
import { DingError } from "../../../../src/core/errors.ts";
import { json, msgpack } from "../../../../src/protocol/codec.ts";
import { FakeModels, untilAborted } from "../../../support/fake-models.ts";
import { until } from "../../../support/until.ts";
import { CURL_TYPE, FETCH_TYPE, JSON_TYPE, post, startWkr, watched } from "./wkr-server.ts";

test("POST /encode_json gives any JSON value to the model as one item, as it stands there", async () => {
  const { models, payloads } = watched(new FakeModels({ model: (item) => ({ got: item }) }));
  await using server = await startWkr(models);
  const items = [{ x: [1, 2.5] }, [1, 2, 3], "text", 7, true, null, { 'a"b': "ü" }, ""];
  for (const item of items) {
    const text = JSON.stringify(item);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, body } = await post(`${server.url}/encode_json`, {
      headers: JSON_TYPE,
      body: text,
    });
    expect(status).toBe(200);
    expect(body).toEqual({ error_code: 0, error_message: "Success.", data: { got: item } });
    expect(payloads.at(-1)).toEqual({
      kind: "values",
      form: "json",
      values: [new Uint8Array(Buffer.from(text))],
    });
  }
});

test("POST /encode_json reads what curl -d and fetch() send, and what has no type, as JSON", async () => {
  await using server = await startWkr({ model: (item) => item });
  for (const headers of [CURL_TYPE, FETCH_TYPE, {}]) {
    const body = new Blob(['{"a": 1}']);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const told = await post(`${server.url}/encode_json`, { headers, body });
    expect(told.body["data"]).toEqual({ a: 1 });
  }
});

test("POST /encode_json takes and gives msgpack where it is asked for", async () => {
  await using server = await startWkr({ model: (item) => item });
  const url = `${server.url}/encode_json`;
  const item = { bytes: Uint8Array.of(1, 2, 3) };
  const type = msgpack.contentType;
  const both = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": type, Accept: type },
    body: msgpack.encode(item),
  });
  expect(both.headers.get("content-type")).toBe(type);
  expect(msgpack.decode(new Uint8Array(await both.arrayBuffer()))).toEqual({
    error_code: 0,
    error_message: "Success.",
    data: item,
  });
  const fromJson = await fetch(url, {
    method: "POST",
    headers: { ...JSON_TYPE, Accept: type },
    body: "[1]",
  });
  expect(msgpack.decode(new Uint8Array(await fromJson.arrayBuffer()))).toMatchObject({ data: [1] });
});

test("POST /encode_json refuses what is no JSON with 400, in both envelopes, and no model sees it", async () => {
  const models = new FakeModels({ model: (item) => item });
  await using server = await startWkr(models);
  const texts = {
    "{": "as JSON: line 1, column 2: ",
    "": ": it is empty",
    "{'a': 1}": "as JSON: line 1, column 2: ",
    "[1,]": "as JSON: line 1, column 3: ",
    '{\n"a": NaN}': "as JSON: line 2, column 6: ",
  };
  for (const [text, why] of Object.entries(texts)) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, body } = await post(`${server.url}/encode_json`, {
      headers: JSON_TYPE,
      body: text,
    });
    expect(status).toBe(400);
    expect(body).toMatchObject({
      error_code: 1,
      error_message: expect.stringContaining(
        `Cannot read body${why.startsWith(":") ? "" : " "}${why}`,
      ),
      success: false,
      code: 1,
      data: { error: { code: "usage.invalid-input" } },
    });
  }
  expect(models.requests).toHaveLength(0);
});

test("POST /encode_json refuses other types with 415, too much with 413, and an unknown model with 404", async () => {
  await using server = await startWkr({ a: (item) => item }, { bodyLimitBytes: 1_000 });
  const url = `${server.url}/encode_json?model=a`;
  const typed = await post(url, { headers: { "Content-Type": "image/png" }, body: "x" });
  expect([typed.status, typed.body["error_code"]]).toEqual([415, 1]);
  const packed = { ...JSON_TYPE, "Content-Encoding": "gzip" };
  expect((await post(url, { headers: packed, body: "x" })).status).toBe(415);
  const long = await post(url, { headers: JSON_TYPE, body: `"${"x".repeat(1_000)}"` });
  expect([long.status, long.body["error_code"]]).toEqual([413, 1]);
  const unknown = await post(`${server.url}/encode_json?model=b`, {
    headers: JSON_TYPE,
    body: "1",
  });
  expect([unknown.status, unknown.body["error_code"]]).toEqual([404, 1]);
});

test("POST /encode_json goes to the model and version of the query", async () => {
  await using server = await startWkr({ a: () => "from a", b: () => "from b" });
  const ask = (query: string) =>
    post(`${server.url}/encode_json${query}`, { headers: JSON_TYPE, body: "1" });
  expect((await ask("?model=a")).body["data"]).toBe("from a");
  expect((await ask("?model=b&version=1")).body["data"]).toBe("from b");
  expect((await ask("?model=b&version=9")).status).toBe(404);
  expect((await ask("")).status).toBe(404); // which of the two?
});

test("POST /encode_json names its client to the queue: by Ding-Client, or by address", async () => {
  const models = new FakeModels({ model: (item) => item });
  await using server = await startWkr(models);
  const url = `${server.url}/encode_json`;
  await post(url, { headers: { ...JSON_TYPE, "Ding-Client": "camera 7" }, body: "1" });
  await post(url, { headers: JSON_TYPE, body: "1" });
  expect(models.requests.map(({ client }) => client)).toEqual(["camera 7", "127.0.0.1"]);
});

const REFUSALS = [
  ["queue.full", 429, 2_500, "3"],
  ["service.stopping", 503, undefined, "1"],
  ["task.timed-out", 504, undefined, null],
  ["task.failed", 500, undefined, null],
  ["worker.exited", 500, undefined, null],
  ["usage.invalid-input", 400, undefined, null],
] as const;

for (const [code, status, retryAfterMs, retryAfter] of REFUSALS) {
  test(`POST /encode_json answers ${code} with ${status}, and says when to come again`, async () => {
    const details = { item: 0, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    const error = new DingError(code, "Cannot go on", { hint: "Look.", details });
    await using server = await startWkr({ model: () => Promise.reject(error) });
    const told = await post(`${server.url}/encode_json`, { headers: JSON_TYPE, body: "1" });
    expect(told.status).toBe(status);
    expect(told.headers.get("retry-after")).toBe(retryAfter);
    expect(told.body).toEqual({
      error_code: 1,
      error_message: "Cannot go on. Look.",
      success: false,
      code: 1,
      message: "Cannot go on",
      data: { error: { code, message: "Cannot go on", hint: "Look.", details } },
    });
  });
}

test("POST /encode_json gives up the item of a client that hangs up", async () => {
  let aborted = 0;
  const models = new FakeModels({
    model: async (_item, { signal }) => {
      signal?.addEventListener("abort", () => (aborted += 1), { once: true });
      return await untilAborted(signal);
    },
  });
  await using server = await startWkr(models);
  const asking = request(`${server.url}/encode_json`, { method: "POST", headers: JSON_TYPE });
  asking.on("error", () => {}); // it is cut on purpose
  asking.end("1");
  await until(() => models.requests.length === 1, { what: "the request" });
  asking.destroy();
  await until(() => aborted === 1, { what: "the abort" });
});

test("GET /status/server is what the server says; /status/client counts", async () => {
  await using server = await startWkr({ model: (item) => item });
  const url = `${server.url}/encode_json`;
  await post(url, { headers: JSON_TYPE, body: "1" });
  await post(url, { headers: JSON_TYPE, body: "{" });
  const status = await fetch(`${server.url}/status/server`);
  expect(await status.json()).toEqual({ num_worker_process: 2 });
  const client = await fetch(`${server.url}/status/client`);
  expect(await client.json()).toMatchObject({
    num_request: 2,
    num_response: 1,
    num_exception: 1,
    num_pending_request: 0,
  });
  const wrong = await fetch(url);
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
  expect(json.decode(new Uint8Array(await wrong.arrayBuffer()))).toMatchObject({ success: false });
});
