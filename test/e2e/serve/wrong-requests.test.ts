import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client } from "../../../src/serve/client/client.ts";
import { SERVE_SESSION_PATH } from "../../../src/serve/native/session-protocol.ts";
import { startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const MODEL = `import { defineModel } from "ding";
export default defineModel({
  input: { x: { datatype: "FP32", shape: [-1, 2] }, s: { datatype: "BYTES", shape: [-1, 1] } },
  output: { y: { datatype: "FP32", shape: [-1, 1] } },
  predict: (_model, inputs) => inputs.map(({ x }) => ({ y: [x[0] + x[1]] })),
});
`;
const LIMIT_BYTES = 100_000;
const INFER = "/v2/models/sum/infer";
const LENGTH = "Inference-Header-Content-Length";

let folder: TempFolder;
let server: StartedServe;
let pids: number[];

beforeAll(async () => {
  folder = await tempFolder();
  const model = await folder.write("sum.ts", MODEL);
  const limit = `--body-limit-bytes=${LIMIT_BYTES}`;
  server = await startServe([model, "--workers=2", limit, "--batch-size=8"]);
  pids = await workers();
});

afterAll(async () => {
  const { code, stderr } = await server.stop();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('"error"')]);
});

async function workers(): Promise<number[]> {
  const status = (await (await fetch(`${server.url}/status`)).json()) as {
    models: { workers: { pid: number }[] }[];
  };
  return (status.models[0]?.workers ?? []).map(({ pid }) => pid).toSorted((a, b) => a - b);
}

interface Wrong {
  status: number;
  /** What the answer says: the path of the fault, where there is one. */
  says: string;
  path: string;
  body: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

const X = { name: "x", datatype: "FP32", shape: [1, 2], data: [1, 2] };
const S = { name: "s", datatype: "BYTES", shape: [1, 1], data: ["a"] };
const json = JSON.stringify;

/** JSON with bytes behind it; `told` is how long the JSON is said to be. */
function binary(
  inputs: object[],
  bytes: Uint8Array,
  { says, told }: { says: string; told?: number | string },
): Wrong {
  const head = new TextEncoder().encode(json({ inputs }));
  const headers = { [LENGTH]: String(told ?? head.length) };
  return { status: 400, says, path: INFER, body: Buffer.concat([head, bytes]), headers };
}

const sized = (tensor: object, bytes: number): object => {
  return { ...tensor, data: undefined, parameters: { binary_data_size: bytes } };
};

const SHAPES: Wrong[] = [
  { status: 400, says: "x", path: "/predict", body: json({ input: { x: [1], s: "a" } }) },
  {
    status: 400,
    says: "inputs[1].x.1",
    path: "/predict",
    body: json({
      inputs: [
        { x: [1, 2], s: "a" },
        { x: [1, "q"], s: "a" },
      ],
    }),
  },
  { status: 400, says: '\\"s\\": it is missing', path: "/predict", body: '{"input":{"x":[1,2]}}' },
  { status: 400, says: '\\"s\\"', path: "/encode_json", body: '{"x":[1,2],"s":5}' },
  { status: 400, says: "x: ", path: "/v2/models/sum/generate", body: '{"x":[1],"s":"a"}' },
  { status: 400, says: "inputs: ", path: INFER, body: json({ inputs: [X] }) },
  {
    status: 400,
    says: "inputs[1].shape[1]",
    path: INFER,
    body: json({ inputs: [S, { ...X, shape: [1, 3], data: [1, 2, 3] }] }),
  },
  {
    status: 400,
    says: "inputs[0].datatype",
    path: INFER,
    body: json({ inputs: [{ ...X, datatype: "FP64" }, S] }),
  },
  {
    status: 400,
    says: "inputs[0].data[1]",
    path: INFER,
    body: json({ inputs: [{ ...X, data: [1, "2"] }, S] }),
  },
  {
    status: 400,
    says: "shape[0]",
    path: INFER,
    body: json({ inputs: [{ ...X, shape: [2, 2], data: [1, 2, 3, 4] }, S] }),
  },
  {
    status: 400,
    says: "inputs[0].data",
    path: INFER,
    body: json({ inputs: [{ ...X, shape: [2 ** 31, 2] }, S] }),
  },
  {
    status: 400,
    says: "outputs[0].name",
    path: INFER,
    body: json({ inputs: [X, S], outputs: [{ name: "z" }] }),
  },
];

const MALFORMED: Wrong[] = [
  { status: 400, says: "JSON", path: "/predict", body: '{"input":' },
  { status: 400, says: "JSON", path: "/encode_json", body: "{" },
  { status: 400, says: "JSON", path: INFER, body: '{"inputs":[' },
  { status: 400, says: "no object", path: "/predict", body: "[]" },
  { status: 400, says: "no item", path: "/predict", body: "{}" },
  { status: 400, says: "not UTF-8", path: "/predict", body: Uint8Array.of(0x22, 0xff, 0x22) },
  { status: 400, says: "JSON", path: "/predict", body: "[".repeat(50_000) },
  {
    status: 400,
    says: "an object with",
    path: "/predict",
    body: `{"input":${"[".repeat(40_000)}${"]".repeat(40_000)}}`,
  },
  {
    status: 400,
    says: "msgpack",
    path: "/predict",
    body: Uint8Array.of(0x81, 0xa5, 0x69, 0x6e, 0x70, 0x75, 0x74, 0xdd, 0xff, 0xff, 0xff, 0xff),
    headers: { "Content-Type": "application/msgpack" },
  },
  {
    status: 400,
    says: "gzip",
    path: INFER,
    body: "nonono",
    headers: { "Content-Encoding": "gzip" },
  },
  { status: 413, says: `${LIMIT_BYTES} bytes`, path: "/predict", body: "1".repeat(200_000) },
  { status: 413, says: `${LIMIT_BYTES} bytes`, path: "/encode_json", body: "1".repeat(200_000) },
  { status: 413, says: `${LIMIT_BYTES} bytes`, path: INFER, body: "1".repeat(200_000) },
  {
    status: 413,
    says: `${LIMIT_BYTES} bytes`,
    path: INFER,
    body: gzipSync(Buffer.alloc(50_000_000)),
    headers: { "Content-Encoding": "gzip" },
  },
  { status: 404, says: "sum", path: "/v2/models/smu/infer", body: "{}" },
  { status: 404, says: "no such route", path: "/predict/nope", body: "{}" },
];

const SIZE = "inputs[0].parameters.binary_data_size";
const LYING: Wrong[] = [
  ...["-1", "99999", "4294967296", "1e3", "abc", "18446744073709551616"].map((told) =>
    binary([sized(X, 8), S], new Uint8Array(8), { says: LENGTH, told }),
  ),
  binary([sized(X, 8), S], new Uint8Array(8), { says: "JSON", told: 5 }),
  binary([sized(X, 2 ** 40), S], new Uint8Array(8), { says: SIZE }),
  binary([sized(X, 4), S], new Uint8Array(4), { says: SIZE }),
  binary([sized(X, 8), S], new Uint8Array(7), { says: SIZE }),
  binary([sized(X, 8), S], new Uint8Array(9), { says: "inputs: 1 bytes follow" }),
  binary([sized(X, -8), S], new Uint8Array(8), { says: SIZE }),
  // A text whose own length says more, and one that says less, than there is.
  binary([sized(S, 5), X], Uint8Array.of(9, 0, 0, 0, 65), { says: "inputs[0]" }),
  binary([sized(S, 6), X], Uint8Array.of(1, 0, 0, 0, 65, 66), { says: "inputs[0]" }),
  binary([sized(S, 4), X], Uint8Array.of(255, 255, 255, 255), { says: "inputs[0]" }),
  binary([sized(S, 2), X], Uint8Array.of(0, 0), { says: "inputs[0]" }),
  {
    status: 400,
    says: "a raw request",
    path: INFER,
    body: new Uint8Array(7),
    headers: { [LENGTH]: "0" },
  },
];

const GOOD = json({
  inputs: [
    { x: [1, 2], s: "a" },
    { x: [3, 4], s: "b" },
  ],
});

async function tellWrong(rows: Wrong[]): Promise<void> {
  let isOver = false;
  let answered = 0;
  const ask = async (): Promise<void> => {
    while (!isOver) {
      const response = await fetch(`${server.url}/predict`, { method: "POST", body: GOOD });
      expect(await response.json()).toEqual({ outputs: [{ y: [3] }, { y: [7] }] });
      answered += 1;
    }
  };
  const others = Promise.all([ask(), ask()]);
  others.catch(() => {});
  const told = await Promise.all(
    rows.map(async ({ path, body, headers = {} }) => {
      const response = await fetch(`${server.url}${path}`, { method: "POST", body, headers });
      return { status: response.status, text: await response.text() };
    }),
  );
  isOver = true;
  await others;
  expect(answered).toBeGreaterThan(0);
  const wanted = rows.map(({ status, says }) => ({ status, text: expect.stringContaining(says) }));
  expect(told as unknown[]).toEqual(wanted);
}

test("wrong shapes and types are 400 with the path of the fault, and nothing else is hurt", () =>
  tellWrong(SHAPES));

test("malformed and oversized bodies are refused, and nothing else is hurt", () =>
  tellWrong(MALFORMED));

test("binary headers and sizes that lie are 400 with the path, and nothing else is hurt", () =>
  tellWrong(LYING));

test("a body that ends too early, or never comes, harms nobody", async () => {
  const head = (length: number, path = INFER): string =>
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Length: ${length}\r\n\r\n`;
  const texts = [
    `${head(1_000)}{"inputs":`,
    head(50, "/predict"),
    `${head(5).slice(0, 20)}`,
    "GET\r\n\r\n",
    "\u0016\u0003\u0001 no HTTP at all\r\n\r\n",
    `POST ${INFER} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `POST ${INFER} HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${"x".repeat(200_000)}\r\n\r\n`,
  ];
  const sockets = texts.map((text) => {
    const socket = connect(server.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.write(text);
    return socket;
  });
  await tellWrong(MALFORMED.slice(0, 1));
  for (const socket of sockets) socket.destroy();
  await tellWrong(MALFORMED.slice(0, 1));
});

test("who may not ask is told so in the words of the dialect that is asked", async () => {
  const told = async (path: string): Promise<unknown[]> => {
    const headers = { Origin: "https://page.example" };
    const answer = await fetch(`${server.url}${path}`, { method: "POST", headers, body: "{}" });
    return [answer.status, await answer.json()];
  };
  const error = expect.stringContaining("Cannot answer a web page of another site") as string;
  expect(await told(INFER)).toEqual([403, { error }]);
  expect(await told("/v2/repository/index")).toEqual([403, { error }]);
  expect(await told("/predict")).toMatchObject([403, { success: false, message: error }]);
});

test("what a WebSocket says that is no session ends it alone", async () => {
  await using client = new Client({ ip: server.address });
  const item = { x: Float32Array.of(1, 2), s: "a" };
  expect(await client.encode(item)).toEqual({ y: Float32Array.of(3) });
  for (const words of ["hello", Uint8Array.of(0xc1), new Uint8Array(1_000).fill(0xff)]) {
    const socket = new WebSocket(`${server.url.replace("http", "ws")}${SERVE_SESSION_PATH}`);
    const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    let isOpen = false;
    socket.addEventListener("open", () => {
      isOpen = true;
      socket.send(words);
    });
    await closed;
    expect(isOpen).toBe(true);
  }
  expect(await client.encode(item)).toEqual({ y: Float32Array.of(3) });
});

test("all of that has cost no worker, and nothing waits", async () => {
  expect(await workers()).toEqual(pids);
  await until(
    async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return /^nv_inference_pending_request_count\S* 0$/m.test(text);
    },
    { timeoutMs: 20_000, what: "nothing pending" },
  );
});
