import { BENCH_MODELS } from "../plugins/serve-models.ts";
import type { Press } from "../support/press.ts";
import { Processes } from "../support/processes.ts";
import { ratioRow, type Row, valueRow } from "../support/row.ts";
import { Pair } from "./pair.ts";

const FORMATS = ["json", "binary"] as const;
const ANCESTOR = { httpPerSecond: 1_278, oneMs: 0.57, echoMs: 0.58 };

/** Models that cost nothing, through the infer route: what the server itself costs. */
export async function* trivial(press: Press): AsyncGenerator<Row> {
  yield* smallItems(press);
  yield* echo(press);
  yield* images(press);
}

async function* smallItems(press: Press): AsyncGenerator<Row> {
  await using processes = new Processes();
  const how = { bare: "serve", formats: FORMATS } as const;
  const pair = await Pair.start({ press, processes }, "twice", how);
  for (const format of FORMATS) {
    const id = `64 floats, ${format}, 32 connections`;
    const rate = await pair.compare({
      format,
      connections: 32,
      figure: ({ perSecond }) => perSecond,
    });
    yield ratioRow({ id, unit: "/s", peer: ANCESTOR.httpPerSecond, bound: 0.5 }, rate);
  }
  for (const format of FORMATS) {
    const id = `64 floats, ${format}, one client, p50`;
    const trip = await pair.compare({ format, connections: 1, figure: ({ p50Ms }) => p50Ms });
    yield ratioRow({ id, unit: "ms", peer: ANCESTOR.oneMs, bound: 2 }, trip);
  }
}

async function* echo(press: Press): AsyncGenerator<Row> {
  await using processes = new Processes();
  const how = { bare: "serve", formats: ["binary"] } as const;
  const pair = await Pair.start({ press, processes }, "echo", how);
  const load = { format: "binary", connections: 1 } as const;
  const trip = await pair.compare({ ...load, figure: ({ p50Ms }) => p50Ms });
  const id = "35 KB there and back, one client, p50";
  yield ratioRow({ id, unit: "ms", peer: ANCESTOR.echoMs }, trip);
  yield valueRow({ id: "the same, as it is", unit: "ms", bound: 0.3 }, trip.value, trip.limit);
}

async function* images(press: Press): AsyncGenerator<Row> {
  await using processes = new Processes();
  const how = { bare: "serve-shared", formats: ["binary"] } as const;
  const pair = await Pair.start({ press, processes }, "image", how);
  const bytes = BENCH_MODELS.image.floatsIn * Float32Array.BYTES_PER_ELEMENT;
  const rate = await pair.compare({
    format: "binary",
    connections: 8,
    figure: ({ perSecond }) => (perSecond * bytes) / 1e9,
  });
  yield ratioRow({ id: "602 KB images, 8 connections", unit: "GB/s" }, rate);
  yield valueRow({ id: "the same, as it is", unit: "GB/s", bound: 1.5 }, rate.value, rate.limit);
}
