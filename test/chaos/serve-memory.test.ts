import { expect, test } from "bun:test";
import { join } from "node:path";
import { Client } from "../../src/serve/client/client.ts";
import { startServe, type StartedServe } from "../support/serve.ts";

const MODEL = join(import.meta.dir, "fixtures/memory-model.ts");
const WARM_MS = 10_000;
/** A minute in all. */
const WINDOW_MS = 10_000;
const WINDOWS = 6;
const MINUTE_MS = 60_000;
const MOST_PER_MINUTE = 1_000_000;
/** More than the server remembers of answers that it has given. */
const REMEMBERED = 4_500;

type Asker = () => Promise<unknown>;

/** What clients do to a server, each as long as it runs. */
function askersOf({ url, port }: StartedServe, client: Client): Asker[] {
  const post = (path: string, body: unknown, signal?: AbortSignal): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      ...(signal && { signal }),
    });
  const read = async (response: Promise<Response>): Promise<string> => (await response).text();
  return [
    () => read(post("/predict", { input: { a: 1 } })),
    () => read(post("/predict", { inputs: [1, 2, 3], timeoutMs: 60_000 })),
    () => read(post("/encode_json", { a: 1 })),
    () => read(post("/predict", { input: "x".repeat(50_000) })),
    () => read(post("/predict", "{")),
    () => read(post("/predict", { input: { throw: "no" } })),
    () => read(fetch(`${url}/none`)),
    () => read(fetch(`${url}/metrics`)),
    () => Promise.all(Array.from({ length: 20 }, (_, index) => client.encode({ index }))),
    () => read(post("/v2/models/model/generate_stream", { pieces: 5 })),
    async () => {
      for await (const _piece of client.stream({ pieces: 4 }));
    },
    async () => {
      await using fresh = new Client({ ip: "127.0.0.1", port });
      await fresh.encode(1);
    },
    async () => {
      const leaving = new AbortController();
      const asked = read(post("/predict", { input: 1 }, leaving.signal)).catch(() => {});
      await new Promise((resolve) => setImmediate(resolve));
      leaving.abort();
      await asked;
    },
    async () => {
      const leaving = new AbortController();
      const body = { pieces: 10_000 };
      const { body: pieces } = await post("/v2/models/model/generate_stream", body, leaving.signal);
      await pieces?.getReader().read();
      leaving.abort();
    },
  ];
}

async function askFor(ms: number, askers: readonly Asker[]): Promise<number> {
  const end = performance.now() + ms;
  let asked = 0;
  const ask = async (one: Asker): Promise<void> => {
    for (; performance.now() < end; asked++) await one();
  };
  await Promise.all(askers.map(ask));
  return asked;
}

/** What the server and the worker hold, bytes; what is just being let go is not counted. */
async function held({ url }: StartedServe): Promise<[number, number]> {
  const looks: [number, number][] = [];
  for (let look = 0; look < 3; look++) {
    const server = (await (await fetch(`${url}/held`)).json()) as number;
    const body = JSON.stringify({ input: { held: true } });
    const answer = await fetch(`${url}/predict`, { method: "POST", body });
    looks.push([server, ((await answer.json()) as { output: number }).output]);
  }
  const least = (index: 0 | 1): number => Math.min(...looks.map((look) => look[index]));
  return [least(0), least(1)];
}

interface Look {
  atMs: number;
  bytes: number;
}

/** Bytes a minute: the median slope between any two looks, which one look that is off does not move (Theil and Sen). */
function growth(looks: Look[]): number {
  const slopes = looks.flatMap((from, index) =>
    looks.slice(index + 1).map((to) => (to.bytes - from.bytes) / (to.atMs - from.atMs)),
  );
  return (slopes.toSorted((a, b) => a - b)[slopes.length >> 1] ?? NaN) * MINUTE_MS;
}

test("memory of a server and its worker does not grow with what is asked, well or badly", async () => {
  await using server = await startServe([`model=${MODEL}`, "--log-level=silent"]);
  await using client = new Client({ ip: "127.0.0.1", port: server.port });
  const askers = askersOf(server, client);
  await Promise.all(Array.from({ length: REMEMBERED }, (_, index) => client.encode(index)));
  let asked = await askFor(WARM_MS, askers);
  const [ofServer, ofWorker]: [Look[], Look[]] = [[], []];
  const look = async (): Promise<void> => {
    const atMs = performance.now();
    const [inServer, inWorker] = await held(server);
    ofServer.push({ atMs, bytes: inServer });
    ofWorker.push({ atMs, bytes: inWorker });
  };
  await look();
  for (let window = 0; window < WINDOWS; window++) {
    asked += await askFor(WINDOW_MS, askers);
    await look();
  }
  const perMinute = { server: growth(ofServer), worker: growth(ofWorker) };
  console.error(`  memory: ${JSON.stringify({ asked, perMinute })}`);
  expect(perMinute.server).toBeLessThan(MOST_PER_MINUTE);
  expect(perMinute.worker).toBeLessThan(MOST_PER_MINUTE);
}, 180_000);
