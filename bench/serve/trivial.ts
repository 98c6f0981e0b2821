import { BENCH_MODELS, type BenchModelName } from "../plugins/serve-models.ts";
import { onOneCore } from "../support/one-core.ts";
import type { Press } from "../support/press.ts";
import { Processes } from "../support/processes.ts";
import { inTurns } from "../support/rounds.ts";
import { type Compared, ratioRow, type Row, valueRow } from "../support/row.ts";
import type { Pressed } from "../support/wrk.ts";
import { ask, inferRequest } from "./requests.ts";
import { startBare, startServer } from "./served.ts";

const SECONDS = 1;
const ROUNDS = 7;
const WARM_UPS = 3;
const ANCESTOR = { httpPerSecond: 1_278, oneMs: 0.57, echoMs: 0.58 };

interface Case {
  model: BenchModelName;
  bare: "serve" | "serve-shared";
  format: "json" | "binary";
  connections: number;
}

/** A model that costs nothing, through the infer route: what the server itself costs. */
export async function* trivial(press: Press): AsyncGenerator<Row> {
  for (const format of ["json", "binary"] as const) {
    const id = `64 floats, ${format}, 32 connections`;
    const many = { model: "twice", bare: "serve", format, connections: 32 } as const;
    const compared = await compare(press, many, ({ perSecond }) => perSecond);
    yield ratioRow({ id, unit: "/s", peer: ANCESTOR.httpPerSecond, bound: 0.5 }, compared);
  }
  for (const format of ["json", "binary"] as const) {
    const id = `64 floats, ${format}, one client, p50`;
    const one = { model: "twice", bare: "serve", format, connections: 1 } as const;
    const compared = await onOneCore(() => compare(press, one, ({ p50Ms }) => p50Ms));
    yield ratioRow({ id, unit: "ms", peer: ANCESTOR.oneMs, bound: 2 }, compared);
  }
  const echo = { model: "echo", bare: "serve", format: "binary", connections: 1 } as const;
  const trip = await onOneCore(() => compare(press, echo, ({ p50Ms }) => p50Ms));
  const peer = ANCESTOR.echoMs;
  yield ratioRow({ id: "35 KB there and back, one client, p50", unit: "ms", peer }, trip);
  yield valueRow({ id: "the same, as it is", unit: "ms", bound: 0.3 }, trip.value);

  const image = { model: "image", bare: "serve-shared", format: "binary", connections: 8 } as const;
  const bytes = BENCH_MODELS.image.floatsIn * 4;
  const rate = await compare(press, image, ({ perSecond }) => (perSecond * bytes) / 1e9);
  yield ratioRow({ id: "602 KB images, 8 connections", unit: "GB/s" }, rate);
  yield valueRow({ id: "the same, as it is", unit: "GB/s", bound: 1.5 }, rate.value);
}

/** The product and the prototype in turns, under the same load. */
async function compare(
  press: Press,
  { model, bare, format, connections }: Case,
  figure: (pressed: Pressed) => number,
): Promise<Compared> {
  await using processes = new Processes();
  const [real, limit] = [
    await startServer(processes, model, ["--batch-size", "32"]),
    await startBare(processes, bare, model),
  ].map(({ port }) => inferRequest(port, BENCH_MODELS[model].floatsIn, format));
  if (!real || !limit) throw new Error("Cannot compare: a server is missing");
  await Promise.all([ask(real), ask(limit)]);
  const pressure = { connections, seconds: SECONDS };
  return await inTurns({
    rounds: ROUNDS,
    warmUps: WARM_UPS,
    real: async () => figure(await press.run(real, pressure)),
    limit: async () => figure(await press.run(limit, pressure)),
  });
}
