import { formingMs } from "./events/forming.ts";
import { NatsEvents } from "./events/nats-events.ts";
import { NodePair } from "./events/node-pair.ts";
import { BareEvents } from "./limits/events.ts";
import { WebSocketEcho } from "./limits/websocket-echo.ts";
import { natsMissing, natsServer } from "../test/support/nats-server.ts";
import { build } from "./support/ding.ts";
import { Processes } from "./support/processes.ts";
import { inTurns, median, tripMicros } from "./support/rounds.ts";
import { ratioRow, valueRow, type Row } from "./support/row.ts";

const EVENTS = 1_000_000;
const TENSORS = 1_000;
const TRIPS = 3_000;
const BURST = 1_000_000;
const ROUNDS = 5;
const ECHO = new URL("limits/websocket-echo.ts", import.meta.url).pathname;

/** Events between two processes, against a bare prototype and against NATS; requests; how meshes form. */
export async function* bench(): AsyncGenerator<Row> {
  build();
  yield* flow();
  yield* trips();
  for (const [nodes, bound] of [[8, 1_500] as const, [32, undefined] as const]) {
    const times: number[] = [];
    for (let round = 0; round < (bound ? 3 : 1); round++) times.push(await formingMs(nodes));
    const id = `mesh of ${nodes} processes forms, ${(nodes * (nodes - 1)) / 2} links`;
    yield valueRow({ id, unit: "ms", ...(bound && { bound }) }, median(times));
  }
}

async function* flow(): AsyncGenerator<Row> {
  await using pair = await NodePair.start();
  const real = (): Promise<number> => pair.rate(EVENTS);
  {
    await using bare = await BareEvents.start();
    const limit = (): Promise<number> => bare.rate(EVENTS);
    const id = "events of 100 bytes, one way, against many in a bare frame";
    yield ratioRow({ id, unit: "/s", bound: 0.35 }, await inTurns({ limit, real, rounds: ROUNDS }));
  }
  if (natsMissing !== undefined) throw new Error(`Cannot measure NATS: needs ${natsMissing}`);
  {
    await using server = await natsServer();
    await using nats = await NatsEvents.start(server.url);
    const limit = (): Promise<number> => nats.rate(EVENTS);
    const id = "events of 100 bytes, one way, against NATS core";
    yield ratioRow({ id, unit: "/s", bound: 2 }, await inTurns({ limit, real, rounds: ROUNDS }));
  }
  const rates: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) rates.push(await pair.tensors(TENSORS));
  yield valueRow(
    { id: "tensors of 1 MB, one way", unit: "GB/s", bound: 1 },
    median(rates.slice(1)),
  );
  const { perSecond, isInOrder, peakMiB } = await pair.burst(BURST);
  if (!isInOrder) throw new Error("The burst did not arrive in order");
  yield valueRow(
    { id: "burst of 1,000,000 to a slower handler, all in order", unit: "/s" },
    perSecond,
  );
  yield valueRow(
    { id: "the burst's sender, peak of its memory", unit: "MiB", bound: 512 },
    peakMiB,
  );
}

async function* trips(): AsyncGenerator<Row> {
  await using pair = await NodePair.start();
  await using processes = new Processes();
  const { line } = await processes.start(process.execPath, [ECHO]);
  const echo = await WebSocketEcho.open(Number(line));
  const value = { step: 1, text: "x".repeat(80) };
  const compared = await inTurns({
    limit: () => tripMicros(TRIPS, () => echo.trip(value)),
    real: () => tripMicros(TRIPS, () => pair.task.request(1, "echo", value)),
    rounds: ROUNDS,
    // Requests go through more code than an echo, which takes longer to be compiled.
    warmUps: 6,
  });
  echo.close();
  yield ratioRow({ id: "request round trip, p50", unit: "µs", bound: 2 }, compared);
}
