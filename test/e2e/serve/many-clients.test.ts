import { connect, type Socket } from "node:net";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client } from "../../../src/serve/client/client.ts";
import { startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** Writes down what it runs, in its order, one at a time; and streams as much as is asked for. */
const MODEL = `import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { defineModel } from "ding";
export default defineModel({
  async predict(_model, inputs, { name }) {
    for (const { who, gate } of inputs) {
      appendFileSync(name + ".ledger", who + "\\n");
      while (gate && !existsSync(gate)) await sleep(5);
    }
    await sleep(2);
    return inputs.map(({ who }) => who);
  },
  async *generate(_model, { pieces, bytes = 1 }, { signal, name }) {
    try {
      for (let piece = 0; piece < pieces; piece++) {
        yield { piece, filler: "x".repeat(bytes) };
        if (signal.aborted) return;
      }
    } finally {
      appendFileSync(name + ".ledger", "stream over\\n");
    }
  },
});
`;

let folder: TempFolder;
let server: StartedServe;

beforeAll(async () => {
  folder = await tempFolder();
  await folder.write("model.ts", MODEL);
  const models = ["turns", "bounds", "rush", "streams"].map((name) => `${name}=./model.ts`);
  const words = ["--workers=2", "--batch-size=1", "--batch-timeout-ms=0"];
  server = await startServe([...models, ...words], { cwd: folder.path });
}, 60_000);

afterAll(async () => {
  expect((await server.stop()).code).toBe(0);
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** What ran, in order. */
function ledger(model: string): string[] {
  try {
    return readFileSync(folder.file(`${model}.ledger`), "utf8")
      .split("\n")
      .slice(0, -1);
  } catch {
    return [];
  }
}

interface Seen {
  name: string;
  queuedRequests: number;
  queuedRows: number;
}

async function queued(model: string): Promise<number> {
  const { models } = (await (await fetch(`${server.url}/status`)).json()) as { models: Seen[] };
  const seen = models.find(({ name }) => name === model);
  return seen?.queuedRequests ?? -1;
}

async function untilQueued(model: string, count: number): Promise<void> {
  await until(async () => (await queued(model)) === count, {
    timeoutMs: 20_000,
    what: `${count} in the queue of ${model}`,
  });
}

interface Ask {
  who: string;
  gate?: string;
  client?: string;
  signal?: AbortSignal;
}

/** One item, of the client of that name; over HTTP. */
async function ask(model: string, { who, gate, client, signal }: Ask): Promise<Response> {
  return fetch(`${server.url}/models/${model}/predict`, {
    method: "POST",
    body: JSON.stringify({ input: { who, gate } }),
    headers: { "Ding-Client": client ?? who },
    ...(signal && { signal }),
  });
}

/** Both workers wait, for one file or each for its own. */
async function hold(model: string, gate: string, other = gate): Promise<Promise<Response>[]> {
  const held = [gate, other].map((one) => ask(model, { who: "holder", gate: folder.file(one) }));
  await until(() => ledger(model).filter((one) => one === "holder").length === 2, {
    timeoutMs: 20_000,
    what: "both workers at it",
  });
  return held;
}

test("clients are served in turns: one that has sent 300 items holds up nobody who sends few", async () => {
  const held = await hold("turns", "go-turns", "go-other-turns");
  await using greedy = new Client({ ip: server.address, model: "turns", identity: "greedy" });
  const many = Array.from({ length: 300 }, () => greedy.encode({ who: "greedy" }));
  await untilQueued("turns", 300);
  await using modest = new Client({ ip: server.address, model: "turns", identity: "modest" });
  const few = Array.from({ length: 10 }, () => modest.encode({ who: "modest" }));
  const fewer = Array.from({ length: 10 }, () => ask("turns", { who: "http", client: "third" }));
  await untilQueued("turns", 320);
  // By one worker alone, until the order is clear: of two one may write late what it was given early.
  await folder.write("go-turns", "");
  await until(() => ledger("turns").length > 60, { timeoutMs: 20_000, what: "60 of them" });
  await folder.write("go-other-turns", "");
  await Promise.all([...many, ...few, ...fewer, ...held]);
  const ran = ledger("turns").slice(2);
  expect(ran).toHaveLength(320);
  // In turns: of 30 that go first 10 are of each.
  for (const who of ["modest", "http"]) expect(ran.lastIndexOf(who)).toBeLessThan(40);
});

test("a priority of 1 goes before all others, and a timeout leaves before it runs", async () => {
  const held = await hold("bounds", "go-one", "go-other");
  const infer = (who: string, parameters: object): Promise<Response> =>
    fetch(`${server.url}/v2/models/bounds/infer`, {
      method: "POST",
      body: JSON.stringify({
        parameters,
        inputs: [{ name: "input", shape: [1], datatype: "BYTES", data: [JSON.stringify({ who })] }],
      }),
    });
  const plain = Array.from({ length: 10 }, () => infer("plain", {}));
  await untilQueued("bounds", 10);
  const urgent = Array.from({ length: 3 }, () => infer("urgent", { priority: 1 }));
  const late = await infer("late", { timeout: 50_000 });
  expect([late.status, await late.text()]).toEqual([
    504,
    expect.stringContaining("50 ms") as string,
  ]);
  await untilQueued("bounds", 13);
  // By one worker alone: of two it is not said who writes first.
  await folder.write("go-one", "");
  await until(() => ledger("bounds").length > 5, { timeoutMs: 20_000, what: "four of them" });
  await folder.write("go-other", "");
  const statuses = (await Promise.all([...plain, ...urgent, ...held])).map(({ status }) => status);
  expect(statuses).toEqual(Array(15).fill(200));
  expect(ledger("bounds").slice(2, 5)).toEqual(["urgent", "urgent", "urgent"]);
  expect(ledger("bounds")).not.toContain("late");
});

test("clients that hang up, over each of the faces, take their items out of the queue, and nobody else's", async () => {
  const held = await hold("rush", "go-rush");
  const leaving = new AbortController();
  const { signal } = leaving;
  const post = (path: string, body: unknown): Promise<unknown> =>
    fetch(`${server.url}${path}`, { method: "POST", body: JSON.stringify(body), signal });
  const item = JSON.stringify({ who: "gone" });
  const tensor = { name: "input", shape: [1], datatype: "BYTES", data: [item] };
  const rest = [
    ...Array.from({ length: 5 }, () => ask("rush", { who: "gone", signal })),
    ...Array.from({ length: 5 }, () => post("/v2/models/rush/infer", { inputs: [tensor] })),
    ...Array.from({ length: 5 }, () => post("/encode_json?model=rush", { who: "gone" })),
    post("/models/rush/predict", { inputs: Array.from({ length: 5 }, () => ({ who: "gone" })) }),
    post("/v2/models/rush/generate_stream", { pieces: 1 }),
  ].map((asked) => asked.catch(() => "gone"));
  const native = new Client({ ip: server.address, model: "rush" });
  const unanswered = Array.from({ length: 5 }, () => native.encode({ who: "gone" }));
  const stayed = Array.from({ length: 5 }, () => ask("rush", { who: "stays" }));
  const lost = Promise.allSettled(unanswered);
  await until(async () => (await queued("rush")) >= 26, { timeoutMs: 20_000, what: "all of them" });
  leaving.abort();
  await native.close();
  expect(await Promise.all(rest)).toEqual(Array(rest.length).fill("gone"));
  expect((await lost).map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
  await untilQueued("rush", 5);
  await folder.write("go-rush", "");
  const answers = await Promise.all([...stayed, ...held]);
  expect(answers.map(({ status }) => status)).toEqual(Array(7).fill(200));
  expect(ledger("rush").slice(2)).toEqual(Array(5).fill("stays"));
});

/** A reader that takes nothing. */
function slowReader(model: string, body: object): Socket {
  const text = JSON.stringify(body);
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.pause();
  const head = `POST /v2/models/${model}/generate_stream HTTP/1.1\r\nHost: ${server.address}`;
  socket.write(`${head}\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
  return socket;
}

test("a reader of generate_stream that takes nothing holds up no other stream and no request, and leaves no trace", async () => {
  const slow = slowReader("streams", { pieces: 100_000, bytes: 10_000 });
  for (let round = 0; round < 3; round++) {
    const response = await fetch(`${server.url}/v2/models/streams/generate_stream`, {
      method: "POST",
      body: '{"pieces":50,"bytes":10000}',
    });
    const events = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
    expect(events).toHaveLength(50);
    expect(await (await ask("streams", { who: "beside" })).json()).toEqual({ output: "beside" });
  }
  expect(ledger("streams").filter((one) => one === "stream over")).toHaveLength(3);
  slow.destroy();
  await until(() => ledger("streams").filter((one) => one === "stream over").length === 4, {
    timeoutMs: 20_000,
    what: "the slow one's generator to be left",
  });
});

test("readers who take nothing, as many as there are workers, hold up a request for some seconds at most", async () => {
  const before = ledger("streams").filter((one) => one === "stream over").length;
  const over = (): number =>
    ledger("streams").filter((one) => one === "stream over").length - before;
  const running = async (): Promise<number> => {
    const text = await (await fetch(`${server.url}/status`)).text();
    return [...text.matchAll(/"state":"busy"/g)].length;
  };
  await until(async () => (await running()) === 0, { what: "nobody at a stream from before" });
  const slow = [1, 2].map(() => slowReader("streams", { pieces: 100_000, bytes: 10_000 }));
  await until(async () => (await running()) === 2, { what: "both workers at a stream" });
  expect(await (await ask("streams", { who: "behind" })).json()).toEqual({ output: "behind" });
  expect(over()).toBeGreaterThan(0);
  for (const socket of slow) socket.destroy();
  await until(() => over() === 2, { timeoutMs: 20_000, what: "both generators to be left" });
}, 120_000);
