import { openQueue } from "../../src/broker/open-queue.ts";
import { natsMissing, natsServer } from "../../test/support/nats-server.ts";
import { valueRow, type Row } from "../support/row.ts";
import { bothRates } from "./flow.ts";

const TOTAL = 10_000;

/** As a server that keeps its stream in files does it; no bound. */
export async function* nats(): AsyncGenerator<Row> {
  if (natsMissing !== undefined) throw new Error(`Cannot measure NATS: needs ${natsMissing}`);
  await using server = await natsServer();
  await using queue = await openQueue(server.url);
  const { pushed, drained } = await bothRates(queue, TOTAL);
  yield valueRow({ id: "nats: pushed in batches of 500", unit: "/s" }, pushed);
  yield valueRow({ id: "nats: taken and acknowledged by 8 units", unit: "/s" }, drained);
}
