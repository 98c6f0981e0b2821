import { afterAll, beforeAll, expect, test } from "bun:test";
import { msgpack } from "../../../src/protocol/codec.ts";
import { startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";

const TYPES = ["FP16", "BF16", "FP32", "INT64", "BYTES"] as const;
/** Gives every tensor back as it came, and one more. */
const TENSORS = `import { defineModel } from "ding";
const types = ${JSON.stringify(TYPES)};
const same = Object.fromEntries(types.map((datatype) => [datatype.toLowerCase(), { datatype, shape: [-1, 2] }]));
export default defineModel({
  input: same,
  output: { ...same, sum: { datatype: "FP32", shape: [-1, 1] } },
  predict: (_model, inputs) => inputs.map((item) => ({ ...item, sum: [item.fp32[0] + item.fp32[1]] })),
});
`;
const RAW = `import { defineModel } from "ding";
export default defineModel({
  input: { x: { datatype: "FP32", shape: [-1, 2] } },
  output: { y: { datatype: "FP32", shape: [-1, 2] } },
  predict: (_model, inputs) => inputs.map(({ x }) => ({ y: x.map((value: number) => value * 2) })),
});
`;
const ITEMS = `export default (inputs: unknown[]) =>
  inputs.map((input) => (input instanceof Uint8Array ? { bytes: input.length } : input));
`;
const LENGTH = "Inference-Header-Content-Length";

let folder: TempFolder;
let server: StartedServe;

beforeAll(async () => {
  folder = await tempFolder();
  await folder.write("tensors.ts", TENSORS);
  await folder.write("raw.ts", RAW);
  await folder.write("items.ts", ITEMS);
  server = await startServe(["tensors.ts", "raw.ts", "items.ts"], { cwd: folder.path });
}, 60_000);

afterAll(async () => {
  expect((await server.stop()).code).toBe(0);
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function get(path: string): Promise<unknown> {
  const response = await fetch(`${server.url}${path}`);
  expect([path, response.status]).toEqual([path, 200]);
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}

/** Two elements of each type: as JSON writes them, and as bytes. */
const ELEMENTS: Record<(typeof TYPES)[number], { data: unknown[]; bytes: Uint8Array }> = {
  FP16: { data: [1.5, -2], bytes: Uint8Array.of(0x00, 0x3e, 0x00, 0xc0) },
  BF16: { data: [1.5, -2], bytes: Uint8Array.of(0xc0, 0x3f, 0x00, 0xc0) },
  FP32: { data: [1.25, 3], bytes: new Uint8Array(Float32Array.of(1.25, 3).buffer) },
  INT64: { data: [-1, 2 ** 40], bytes: new Uint8Array(BigInt64Array.of(-1n, 2n ** 40n).buffer) },
  BYTES: { data: ["é", ""], bytes: Uint8Array.of(2, 0, 0, 0, 0xc3, 0xa9, 0, 0, 0, 0) },
};

const tensorOf = (datatype: (typeof TYPES)[number]): object => ({
  name: datatype.toLowerCase(),
  datatype,
  shape: [1, 2],
});

interface Answer {
  id?: string;
  model_name: string;
  outputs: {
    name: string;
    data?: unknown[];
    parameters?: { binary_data_size: number };
  }[];
}

test("infer takes and gives tensors as JSON, with its id, and of the outputs those that are wanted", async () => {
  const inputs = TYPES.map((type) => ({ ...tensorOf(type), data: ELEMENTS[type].data }));
  const ask = async (body: object): Promise<Answer> => {
    const init = { method: "POST", body: JSON.stringify({ inputs, ...body }) };
    return (await (await fetch(`${server.url}/v2/models/tensors/infer`, init)).json()) as Answer;
  };
  const whole = await ask({ id: "an id" });
  expect(whole).toMatchObject({ id: "an id", model_name: "tensors", model_version: "1" });
  const given = Object.fromEntries(whole.outputs.map(({ name, data }) => [name, data]));
  expect(given).toEqual({
    ...Object.fromEntries(TYPES.map((type) => [type.toLowerCase(), ELEMENTS[type].data])),
    sum: [4.25],
  });
  const some = await ask({ outputs: [{ name: "sum" }, { name: "bytes" }] });
  expect(some.outputs.map(({ name }) => name)).toEqual(["sum", "bytes"]);
});

test("infer takes and gives tensors as bytes", async () => {
  const inputs = TYPES.map((type) => ({
    ...tensorOf(type),
    parameters: { binary_data_size: ELEMENTS[type].bytes.length },
  }));
  const head = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }));
  const response = await fetch(`${server.url}/v2/models/tensors/versions/1/infer`, {
    method: "POST",
    body: Buffer.concat([head, ...TYPES.map((type) => ELEMENTS[type].bytes)]),
    headers: { [LENGTH]: String(head.length) },
  });
  const length = Number(response.headers.get(LENGTH));
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { outputs } = JSON.parse(new TextDecoder().decode(bytes.subarray(0, length))) as Answer;
  let at = length;
  const given = outputs.map(({ name, parameters }): [string, Uint8Array] => {
    const from = at;
    at += parameters?.binary_data_size ?? NaN;
    return [name, bytes.slice(from, at)];
  });
  expect(at).toBe(bytes.length);
  expect(Object.fromEntries(given)).toEqual({
    ...Object.fromEntries(TYPES.map((type) => [type.toLowerCase(), ELEMENTS[type].bytes])),
    sum: new Uint8Array(Float32Array.of(4.25).buffer),
  });
});

test("infer takes a body that is nothing but the tensor", async () => {
  const response = await fetch(`${server.url}/v2/models/raw/infer`, {
    method: "POST",
    body: new Uint8Array(Float32Array.of(1, 2).buffer),
    headers: { [LENGTH]: "0", "Content-Type": "application/octet-stream" },
  });
  const length = Number(response.headers.get(LENGTH));
  const bytes = await response.arrayBuffer();
  expect(new Float32Array(bytes.slice(length))).toEqual(Float32Array.of(2, 4));
});

test("metadata, versions, health, index and statistics are those of the models that are here", async () => {
  expect(await get("/v2")).toMatchObject({ name: "ding", version: expect.any(String) as string });
  expect(await get("/v2/models/raw")).toMatchObject({
    name: "raw",
    versions: ["1"],
    inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
    outputs: [{ name: "y", datatype: "FP32", shape: [-1, 2] }],
  });
  await get("/v2/models/raw/versions/1/ready");
  await get("/v2/health/live");
  await get("/v2/health/ready");
  const { model_stats: stats } = (await get("/v2/models/raw/stats")) as { model_stats: object[] };
  expect(stats).toMatchObject([{ name: "raw", version: "1", inference_count: 1 }]);
  const index = await fetch(`${server.url}/v2/repository/index`, { method: "POST" });
  expect(((await index.json()) as { name: string }[]).map(({ name }) => name).toSorted()).toEqual([
    "items",
    "raw",
    "tensors",
  ]);
});

test("/predict takes and gives msgpack, a list in order, and JSON", async () => {
  const inputs = [1, "é", new Uint8Array(5), { a: [null, true, 2 ** 40] }];
  const response = await fetch(`${server.url}/models/items/predict`, {
    method: "POST",
    body: new Uint8Array(msgpack.encode({ inputs })),
    headers: { "Content-Type": "application/msgpack", Accept: "application/msgpack" },
  });
  expect(response.headers.get("content-type")).toContain("application/msgpack");
  const { outputs } = msgpack.decode(new Uint8Array(await response.arrayBuffer())) as {
    outputs: unknown[];
  };
  expect(outputs).toEqual([1, "é", { bytes: 5 }, inputs[3]]);
});

test("the ancestor's routes take JSON, texts and pictures, and answer in its envelope", async () => {
  const picture = (): FormData => {
    const form = new FormData();
    form.set("img_bytes", new Blob([new Uint8Array(1_000)]), "a.png");
    return form;
  };
  const rows: [path: string, body: string | FormData, data: unknown][] = [
    ["/encode_json", '{"a":1}', { a: 1 }],
    ["/encode", '{"img_url":"a text"}', "a text"],
    ["/encode_img_bytes", picture(), { bytes: 1_000 }],
    ["/v1/encode_img_bytes", picture(), { bytes: 1_000 }],
  ];
  for (const [path, body, data] of rows) {
    const response = await fetch(`${server.url}${path}?model=items`, { method: "POST", body });
    expect([path, response.status, await response.json()]).toEqual([
      path,
      200,
      expect.objectContaining({ error_code: 0, error_message: "Success.", data }),
    ]);
  }
  const url = await fetch(`${server.url}/encode_img_url?model=items`, {
    method: "POST",
    body: '{"img_url":"http://127.0.0.1:1/a.png"}',
  });
  expect(url.status).toBe(403);
  expect(await get("/status/server")).toMatchObject({ num_worker: 1, status: "ready" });
  expect(await get("/status/client")).toBeInstanceOf(Object);
});
