import { expect, test } from "bun:test";
import { FakeModels } from "../../../support/fake-models.ts";
import { msgpack } from "../../../../src/protocol/codec.ts";
import {
  CURL_TYPE,
  FETCH_TYPE,
  fileForm,
  JSON_TYPE,
  post,
  startWkr,
  watched,
} from "./wkr-server.ts";

const IMAGE = Uint8Array.from({ length: 1_000 }, (_, index) => (index * 7) % 256);

for (const path of ["/encode_img_bytes", "/v1/encode_img_bytes"]) {
  test(`POST ${path} gives the bytes of the file to the model`, async () => {
    const { models, payloads } = watched(
      new FakeModels({ model: (item) => ({ length: (item as Uint8Array).length }) }),
    );
    await using server = await startWkr(models);
    const { status, headers, body } = await post(`${server.url}${path}`, {
      body: fileForm("img_bytes", IMAGE),
    });
    expect(status).toBe(200);
    expect(headers.get("content-type")).toStartWith("application/json");
    expect(body).toEqual({ error_code: 0, error_message: "Success.", data: { length: 1_000 } });
    expect(payloads[0]).toEqual({
      kind: "values",
      form: "msgpack",
      values: [msgpack.encode(IMAGE)],
    });
  });

  test(`POST ${path} refuses with 400, 413 and 415, and says what is wanted`, async () => {
    const models = new FakeModels({ model: () => 1 });
    await using server = await startWkr(models, { bodyLimitBytes: 2_000 });
    const ask = (init: RequestInit) => post(`${server.url}${path}`, init);
    const text = new FormData();
    text.append("img_bytes", "no file");
    const bad: RequestInit[] = [
      { body: fileForm("image", IMAGE) },
      { body: fileForm("img_bytes", new Uint8Array()) },
      { body: text },
      { headers: { "Content-Type": "multipart/form-data" }, body: "no boundary" },
      { headers: { "Content-Type": "multipart/form-data; boundary=x" }, body: "no part" },
    ];
    for (const init of bad) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { status, body } = await ask(init);
      expect([status, body["error_code"]]).toEqual([400, 1]);
      expect(body["error_message"]).toMatch(/img_bytes|multipart/);
    }
    expect((await ask({ body: fileForm("img_bytes", new Uint8Array(3_000)) })).status).toBe(413);
    for (const type of ["application/json", "image/png"]) {
      const { status, body } = await ask({ headers: { "Content-Type": type }, body: "{}" });
      expect(status).toBe(415);
      expect(body["error_message"]).toContain("curl -F img_bytes=@image.jpg");
    }
    expect(models.requests).toHaveLength(0);
  });
}

test("POST /encode_img_bytes answers JSON for whatever the model gives", async () => {
  const output = { score: Float32Array.of(0.5, 1), name: "cat", none: undefined, big: 5n };
  await using server = await startWkr({ model: () => output });
  const { body } = await post(`${server.url}/encode_img_bytes`, {
    body: fileForm("img_bytes", IMAGE),
  });
  expect(body["data"]).toMatchObject({ score: [0.5, 1], name: "cat" });
});

test("POST /encode passes the text img_url on, from JSON and from forms, and fetches nothing", async () => {
  await using server = await startWkr({ model: (item) => item });
  const url = "http://127.0.0.1:1/cat.jpg?a=b&c=d";
  const form = new FormData();
  form.append("img_url", url);
  const ways: RequestInit[] = [
    { headers: JSON_TYPE, body: JSON.stringify({ img_url: url }) },
    { headers: CURL_TYPE, body: JSON.stringify({ img_url: url }) },
    { headers: CURL_TYPE, body: new URLSearchParams({ img_url: url, proxy: "none" }).toString() },
    { body: form },
  ];
  for (const init of ways) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, body } = await post(`${server.url}/encode`, init);
    expect([status, body["data"]]).toEqual([200, url]);
  }
});

test("POST /encode takes an object without the text as the item", async () => {
  await using server = await startWkr({ model: (item) => item });
  const item = { id: 7, texts: ["a", "b"] };
  for (const headers of [JSON_TYPE, CURL_TYPE, FETCH_TYPE, {}]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, body } = await post(`${server.url}/encode`, {
      headers,
      body: JSON.stringify(item),
    });
    expect([status, body["data"]]).toEqual([200, item]);
  }
});

test("POST /encode refuses a body without the text with 400", async () => {
  await using server = await startWkr({ model: (item) => item });
  const ways: RequestInit[] = [
    { headers: JSON_TYPE, body: "{}" },
    { headers: JSON_TYPE, body: '{"img_url": 5}' },
    { headers: JSON_TYPE, body: '["img_url"]' },
    { headers: JSON_TYPE, body: "null" },
    { headers: JSON_TYPE, body: "{" },
    { headers: CURL_TYPE, body: "img=1" },
    { headers: CURL_TYPE, body: "" },
  ];
  for (const init of ways) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, body } = await post(`${server.url}/encode`, init);
    expect([status, body["error_code"]]).toEqual([400, 1]);
  }
});
