import { Client } from "../../src/index.ts";
import { WebSocketEcho } from "../limits/websocket-echo.ts";
import type { Press } from "../support/press.ts";
import { Processes } from "../support/processes.ts";
import { median } from "../support/rounds.ts";
import { ratioRow, type Row, type RowHead } from "../support/row.ts";
import { closedLoop, type Looped } from "./closed-loop.ts";
import { ask, inferRequest } from "./requests.ts";
import { type Served, startBare, startServer } from "./served.ts";

const WORKERS = 2;
const BATCH_SIZE = 16;
const ROUNDS = 3;
const LOOP_MS = 1_500;
const TRIPS = 200;
const PAUSE_MS = 5;
const HTTP_SECONDS = 2;
const WARM_UP_SECONDS = 3;
const WARM_UP_ROUNDS = 2;
const ITEM = { x: new Float32Array(2) };

/** By number of clients: the least share of the arithmetic, and what the ancestor got. */
const RATES = [
  { clients: 1, ancestor: 14 },
  { clients: 8, ancestor: 124 },
  { clients: 32, ancestor: 2_370 },
];
const ANCESTOR = { oneMs: 82.4, p99Ms: 24, fairMs: 706, httpPerSecond: 1_085 };

/** A model of 5 ms per batch: does batching give what arithmetic allows? */
export async function* fiveMs(press: Press): AsyncGenerator<Row> {
  await using processes = new Processes();
  const server = await startServer(processes, "five-ms", ["--batch-size", String(BATCH_SIZE)]);
  const tripMs = await webSocketTripMs(processes);
  await warm(server, press);
  for (const { clients, ancestor } of RATES) {
    const { perSecond, p50Ms, p99Ms } = await looped(server, clients);
    const batchMs = await batchMsOf(server);
    const allowed = (clients * 1_000) / (batchMs + tripMs);
    const id = `5 ms model, batch 16, ${clients} client${clients === 1 ? "" : "s"}`;
    yield against(allowed, perSecond, { id, unit: "/s", peer: ancestor, bound: 0.75 });
    if (clients === 1) {
      const head = { id: `${id}, p50`, unit: "ms", peer: ANCESTOR.oneMs, bound: 1.4 } as const;
      yield against(batchMs, p50Ms, head);
    }
    if (clients === 32) {
      const head = { id: `${id}, p99`, unit: "ms", peer: ANCESTOR.p99Ms, bound: 3 } as const;
      yield against(batchMs, p99Ms, head);
    }
  }
  yield await overHttp(press, { server, processes });
  yield await fairness();
}

/** A server runs for months: what counts is its code once the runtime has compiled it; the client's too. */
async function warm(server: Served, press: Press): Promise<void> {
  const request = inferRequest(server.port, 2, "json");
  await press.run(request, { connections: 32, seconds: WARM_UP_SECONDS });
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await looped(server, 32);
}

/** JSON over HTTP, 32 connections. */
async function overHttp(
  press: Press,
  { server, processes }: { server: Served; processes: Processes },
): Promise<Row> {
  const echo = await startBare(processes, "http-echo");
  const trip = { ...inferRequest(echo.port, 2, "json"), path: "/" };
  const { p50Ms: tripMs } = await press.run(trip, { connections: 1, seconds: 1 });
  const request = inferRequest(server.port, 2, "json");
  const { perSecond } = await press.run(request, { connections: 32, seconds: HTTP_SECONDS });
  const allowed = 32_000 / ((await batchMsOf(server)) + tripMs);
  const id = "5 ms model, batch 16, 32 clients, JSON over HTTP";
  return against(allowed, perSecond, {
    id,
    unit: "/s",
    peer: ANCESTOR.httpPerSecond,
    bound: 0.6,
  });
}

/** Batches of one: nobody may wait much longer than everybody must. */
async function fairness(): Promise<Row> {
  await using processes = new Processes();
  const server = await startServer(processes, "five-ms", ["--batch-size", "1"]);
  const { p99Ms } = await looped(server, 32);
  const fairMs = (32 / WORKERS) * (await batchMsOf(server));
  const id = "5 ms model, batch 1, 32 clients, p99 to fair share";
  return against(fairMs, p99Ms, { id, unit: "ms", peer: ANCESTOR.fairMs, bound: 1.3 });
}

/** The median of some rounds with the native client, one instance each. */
async function looped({ port }: Served, clients: number): Promise<Looped> {
  await using stack = new AsyncDisposableStack();
  const all = Array.from({ length: clients }, () =>
    stack.use(new Client({ ip: "127.0.0.1", port })),
  );
  await Promise.all(all.map((client) => client.connect()));
  const rounds: Looped[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const result = await closedLoop(all, LOOP_MS, (client) => client.encode(ITEM));
    if (round >= 0) rounds.push(result);
  }
  const middle = (figure: (one: Looped) => number): number => median(rounds.map(figure));
  return {
    perSecond: middle((one) => one.perSecond),
    p50Ms: middle((one) => one.p50Ms),
    p99Ms: middle((one) => one.p99Ms),
  };
}

/** How long batches take in the workers, as they measured it themselves. */
async function batchMsOf({ port }: Served): Promise<number> {
  const answers: number[] = [];
  for (let count = 0; count < 2 * WORKERS; count++) {
    const text = new TextDecoder().decode(await ask(inferRequest(port, 2, "json")));
    answers.push((JSON.parse(text) as { outputs: [{ data: [number] }] }).outputs[0].data[0]);
  }
  return median(answers);
}

/** One bare trip in the rhythm of the model: who has slept for 5 ms must be woken, on both sides. */
async function webSocketTripMs(processes: Processes): Promise<number> {
  const { port } = await startBare(processes, "websocket-echo");
  const echo = await WebSocketEcho.open(port);
  const times: number[] = [];
  for (let count = 0; count < TRIPS; count++) {
    await Bun.sleep(PAUSE_MS);
    const startedMs = performance.now();
    await echo.trip(ITEM);
    times.push(performance.now() - startedMs);
  }
  echo.close();
  return median(times);
}

function against(limit: number, value: number, head: RowHead): Row {
  return ratioRow(head, { value, limit, ratio: value / limit });
}
