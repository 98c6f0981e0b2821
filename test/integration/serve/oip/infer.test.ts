import { expect, test } from "bun:test";
import { connect } from "node:net";
import { deflateSync, gunzipSync, gzipSync } from "node:zlib";
import { DingError } from "../../../../src/core/errors.ts";
import { DATATYPES, type Datatype, type Signature } from "../../../../src/protocol/datatype.ts";
import { untilAborted } from "../../../support/fake-models.ts";
import { until } from "../../../support/until.ts";
import { TestModels, binaryAnswer, binaryBody, echoes, post, startOip } from "./oip-server.ts";

/** Every datatype: as JSON, and the same as bytes. */
const VALUES: Record<Datatype, [json: string, bytes: ArrayBufferView]> = {
  BOOL: ["[true,false]", Uint8Array.of(1, 0)],
  UINT8: ["[0,255]", Uint8Array.of(0, 255)],
  UINT16: ["[1,65535]", Uint16Array.of(1, 65_535)],
  UINT32: ["[1,4294967295]", Uint32Array.of(1, 4_294_967_295)],
  UINT64: ["[1,18446744073709551615]", BigUint64Array.of(1n, 2n ** 64n - 1n)],
  INT8: ["[-128,127]", Int8Array.of(-128, 127)],
  INT16: ["[-32768,1]", Int16Array.of(-32_768, 1)],
  INT32: ["[-2147483648,1]", Int32Array.of(-2_147_483_648, 1)],
  INT64: [
    "[-9223372036854775807,9007199254740993]",
    BigInt64Array.of(-(2n ** 63n) + 1n, 9007199254740993n),
  ],
  FP16: ["[0.5,-2]", Float16Array.of(0.5, -2)],
  BF16: ["[1,-2]", Uint16Array.of(0x3f80, 0xc000)],
  FP32: ["[0.1,-2]", Float32Array.of(0.1, -2)],
  FP64: ["[0.1,1e-300]", Float64Array.of(0.1, 1e-300)],
  BYTES: ['["é",""]', Uint8Array.of(2, 0, 0, 0, 0xc3, 0xa9, 0, 0, 0, 0)],
};
const TYPES = Object.keys(DATATYPES) as Datatype[];

function everyType(): Signature {
  return Object.fromEntries(
    TYPES.map((datatype) => [`in ${datatype}`, { datatype, shape: [-1, 2] }]),
  );
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

const x = { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] };
const one: Signature = { x: { datatype: "FP32", shape: [-1, 2] } };

test("infer takes and gives every datatype as JSON", async () => {
  await using server = await startOip(new TestModels({ "a b": echoes(everyType()) }));
  const inputs = TYPES.map((datatype) => {
    const told = `"name":"in ${datatype}","datatype":"${datatype}","shape":[1,2]`;
    return `{${told},"data":[${VALUES[datatype][0]}]}`;
  });
  const url = `${server.url}/v2/models/a%20b/versions/1/infer`;
  const response = await fetch(url, {
    method: "POST",
    body: `{"id":"7","inputs":[${inputs.join(",")}]}`,
  });
  expect(response.headers.get("content-type")).toBe("application/json");
  const text = await response.text();
  expect(text).toStartWith('{"model_name":"a b","model_version":"1","id":"7","outputs":[{');
  for (const datatype of TYPES) {
    const told = `{"name":"in ${datatype}","datatype":"${datatype}","shape":[1,2],`;
    expect(text).toContain(`${told}"data":${VALUES[datatype][0]}}`);
  }
});

test("infer takes and gives every datatype as bytes, and some of both", async () => {
  await using server = await startOip(new TestModels({ m: echoes(everyType()) }));
  const url = `${server.url}/v2/models/m/infer`;
  const inputs = TYPES.map((datatype) => ({
    name: `in ${datatype}`,
    datatype,
    shape: [1, 2],
    parameters: { binary_data_size: VALUES[datatype][1].byteLength },
  }));
  const tensors = TYPES.map((datatype) => bytesOf(VALUES[datatype][1]));
  const parameters = { binary_data_output: true };
  const response = await fetch(url, binaryBody({ inputs, parameters }, ...tensors));
  expect(response.headers.get("content-type")).toBe("application/octet-stream");
  const { json, bytes } = await binaryAnswer(response);
  expect(json["outputs"]).toEqual(inputs);
  expect(Buffer.from(bytes)).toEqual(Buffer.concat(tensors));

  const outputs = [
    { name: "in BYTES", parameters: { binary_data: true } },
    { name: "in INT64", parameters: { binary_data: false } },
  ];
  const some = await binaryAnswer(await fetch(url, binaryBody({ inputs, outputs }, ...tensors)));
  expect(Buffer.from(some.bytes)).toEqual(Buffer.from(bytesOf(VALUES.BYTES[1])));
  expect((some.json["outputs"] as { name: string }[]).map(({ name }) => name)).toEqual([
    "in BYTES",
    "in INT64",
  ]);
});

test("infer takes a body that is nothing but the tensor", async () => {
  await using server = await startOip(new TestModels({ m: echoes(one), any: {} }));
  const headers = { "Inference-Header-Content-Length": "0" };
  const body = bytesOf(Float32Array.of(1, 2)) as Uint8Array<ArrayBuffer>;
  const raw = { method: "POST", headers, body };
  const { json, bytes } = await binaryAnswer(await fetch(`${server.url}/v2/models/m/infer`, raw));
  expect(json["outputs"]).toMatchObject([{ shape: [1, 2], parameters: { binary_data_size: 8 } }]);
  expect(Buffer.from(bytes)).toEqual(Buffer.from(body));
  const item = { ...raw, body: '{"a":1}' };
  const any = await binaryAnswer(await fetch(`${server.url}/v2/models/any/infer`, item));
  expect(new TextDecoder().decode(any.bytes.subarray(4))).toBe('{"a":1}');
});

test("infer reads packed bodies, and packs the answer where one way is asked for", async () => {
  await using server = await startOip(new TestModels({ m: echoes(one) }), {
    bodyLimitBytes: 1_000,
  });
  const url = `${server.url}/v2/models/m/infer`;
  const document = JSON.stringify({ inputs: [x] });
  for (const [encoding, pack] of [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
  ] as const) {
    const init = {
      method: "POST",
      body: pack(document),
      headers: { "Content-Encoding": encoding },
    };
    expect(await post(url, "", init)).toMatchObject({ status: 200, body: { outputs: [x] } });
    const bomb = { ...init, body: pack(" ".repeat(5_000)) };
    expect(await post(url, "", bomb)).toMatchObject({ status: 413 });
  }
  const parameters = { binary_data_output: true };
  const packed = await answerOf(server.port, JSON.stringify({ inputs: [x], parameters }), "gzip");
  expect(packed.head).toContain("content-encoding: gzip");
  const length = Number(/inference-header-content-length: (\d+)/.exec(packed.head)?.[1]);
  const whole = gunzipSync(packed.body);
  expect([...new Float32Array(Uint8Array.from(whole.subarray(length)).buffer)]).toEqual([1, 2]);
  const plain = await answerOf(server.port, document, "gzip, deflate, br");
  expect(plain.head).not.toContain("content-encoding");
});

/** An answer as it stands on the wire: `fetch` unpacks it. */
async function answerOf(
  port: number,
  document: string,
  encoding: string,
): Promise<{ head: string; body: Buffer }> {
  const socket = connect(port, "127.0.0.1");
  const lines = [
    "POST /v2/models/m/infer HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    `Accept-Encoding: ${encoding}`,
    `Content-Length: ${document.length}`,
    "Connection: close",
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n${document}`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const whole = Buffer.concat(chunks);
  const end = whole.indexOf("\r\n\r\n");
  return { head: whole.subarray(0, end).toString().toLowerCase(), body: whole.subarray(end + 4) };
}

test("infer gives the model id, client, priority, timeout and parameters", async () => {
  const models = new TestModels({ m: echoes(one) });
  await using server = await startOip(models);
  const url = `${server.url}/v2/models/m/infer`;
  const parameters = { priority: 2, timeout: 1_500_000, own: "p" };
  await post(url, { id: "a", parameters, inputs: [x] }, { headers: { "Ding-Client": "c" } });
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  await post(url, { inputs: [x] }, { headers: { "Ding-Client": "d", traceparent } });
  await post(url, { inputs: [x] });
  expect(models.requests).toMatchObject([
    { id: "a", client: "c", priority: 2, timeoutMs: 1_500, parameters: { own: "p" } },
    { id: undefined, client: "d", priority: undefined, timeoutMs: undefined, traceparent },
    { client: "127.0.0.1" },
  ]);
});

test.each([
  [new DingError("queue.full", "Full", { details: { retryAfterMs: 4_000 } }), 429, "4"],
  [new DingError("service.stopping", "Stopping"), 503, "1"],
  [new DingError("model.not-ready", "Loading"), 503, "1"],
  [new DingError("task.timed-out", "Late"), 504, null],
  [new DingError("task.failed", "Broken"), 500, null],
  [new DingError("usage.invalid-input", "Bad"), 400, null],
  [new Error("Unforeseen"), 500, null],
])("infer answers what the model refuses: %#", async (error, status, retryAfter) => {
  const infer = (): never => {
    throw error;
  };
  await using server = await startOip(new TestModels({ m: { ...echoes(one), infer } }));
  const told = await post(`${server.url}/v2/models/m/infer`, { inputs: [x] });
  expect(told).toMatchObject({ status, body: { error: error.message } });
  expect(told.headers.get("retry-after")).toBe(retryAfter);
});

test("infer refuses lying headers and sizes, and answers the next request", async () => {
  await using server = await startOip(new TestModels({ m: echoes(one) }));
  const url = `${server.url}/v2/models/m/infer`;
  const document = JSON.stringify({ inputs: [x] });
  for (const length of [
    "-1",
    "99999",
    "4294967296",
    "1e3",
    "abc",
    "0x10",
    "1.5",
    "18446744073709551616",
  ]) {
    const headers = { "Inference-Header-Content-Length": length };
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, body } = await post(url, document, { headers });
    expect([length, status]).toEqual([length, 400]);
    expect(body["error"]).toContain("Inference-Header-Content-Length");
  }
  const size = { ...x, data: undefined, parameters: { binary_data_size: 2 ** 40 } };
  const huge = await fetch(url, binaryBody({ inputs: [size] }, new Uint8Array(8)));
  expect([huge.status, await huge.json()]).toEqual([
    400,
    {
      error:
        "Cannot infer: inputs[0].parameters.binary_data_size: it says 1099511627776 bytes, 8 are left",
    },
  ]);
  const short = { ...size, parameters: { binary_data_size: 7 } };
  const odd = await fetch(url, binaryBody({ inputs: [short] }, new Uint8Array(7)));
  expect(odd.status).toBe(400);
  expect(await post(url, document)).toMatchObject({ status: 200 });
});

test("infer is 404 for models and versions that are not there, 413 for long bodies", async () => {
  await using server = await startOip(new TestModels({ m: echoes(one) }), { bodyLimitBytes: 100 });
  const url = `${server.url}/v2/models`;
  for (const path of ["/q/infer", "/m/versions/2/infer", "/q/versions/1/generate"]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const { status, body } = await post(`${url}${path}`, "{}");
    expect([status, typeof body["error"]]).toEqual([404, "string"]);
  }
  const long = await post(`${url}/m/infer`, { inputs: [x], pad: "x".repeat(100) });
  expect(long).toMatchObject({
    status: 413,
    body: {
      error: expect.stringMatching(
        /^Cannot read body: longer than 100 bytes\. .*--body-limit-bytes/,
      ),
    },
  });
});

test("mountOip() gives a way around the app that answers as it does, and nothing else", async () => {
  const models = new TestModels({ m: echoes(one) });
  await using server = await startOip(models);
  const { direct } = server;
  const info = { remoteAddress: "10.0.0.1", upgrade: () => new Response() };
  for (const [path, document] of [
    ["m/infer", { inputs: [x] }],
    ["m/versions/1/infer", { inputs: [{ ...x, data: [1] }] }],
    ["q/infer", { inputs: [x] }],
  ] as const) {
    const init = { method: "POST", body: JSON.stringify(document) };
    const url = `${server.url}/v2/models/${path}`;
    // oxlint-disable no-await-in-loop -- one after the other
    const told = (await direct(new Request(url, init), info)) as Response;
    const expected = await fetch(url, init);
    expect([told.status, await told.text()]).toEqual([expected.status, await expected.text()]);
    // oxlint-enable no-await-in-loop
  }
  expect(models.requests[0]?.client).toBe("10.0.0.1");
  expect(direct(new Request(`${server.url}/v2/models/m/infer`), info)).toBeUndefined();
  const other = new Request(`${server.url}/v2/models/m/generate`, { method: "POST" });
  expect(direct(other, info)).toBeUndefined();
});

test("infer tells the model when its client is gone", async () => {
  let asked = 0;
  let left = 0;
  const models = new TestModels({
    m: {
      ...echoes(one),
      async infer({ signal }) {
        asked += 1;
        return untilAborted(signal).finally(() => (left += 1));
      },
    },
  });
  await using server = await startOip(models);
  const leaving = new AbortController();
  const gone = post(`${server.url}/v2/models/m/infer`, { inputs: [x] }, { signal: leaving.signal });
  await until(() => asked === 1);
  leaving.abort();
  expect(await gone.catch((error: Error) => error.name)).toBe("AbortError");
  await until(() => left === 1);
});
