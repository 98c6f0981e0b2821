import { Queue as BullQueue, Worker } from "bullmq";
import { openQueue } from "../../src/broker/open-queue.ts";
import { redisMissing, redisServer } from "../../test/support/redis-server.ts";
import { inTurns, type Turns } from "../support/rounds.ts";
import { ratioRow, type Row } from "../support/row.ts";
import { BATCH, drainRate, pushRate, ROUNDS, UNITS, VALUE } from "./flow.ts";

const TOTAL = 20_000;
const BOUND = 4;

/** Against BullMQ, on the same server, in turns. */
export async function* redis(): AsyncGenerator<Row> {
  if (redisMissing !== undefined) throw new Error(`Cannot measure Redis: needs ${redisMissing}`);
  await using server = await redisServer();
  await using queue = await openQueue(server.url);
  const bull = new BullMq(server.port);
  await using _ = bull;
  const settings: Pick<Turns, "rounds" | "warmUps"> = { rounds: ROUNDS, warmUps: 1 };
  const pushed = await inTurns({
    ...settings,
    limit: async () => {
      const rate = await bull.push(TOTAL);
      await bull.drain(TOTAL);
      return rate;
    },
    real: async () => {
      const rate = await pushRate(queue, TOTAL);
      await queue.purge();
      return rate;
    },
  });
  const pushId = "redis: pushed in batches of 500, against BullMQ";
  yield ratioRow({ id: pushId, unit: "/s", bound: BOUND }, pushed);
  const drained = await inTurns({
    ...settings,
    limit: async () => {
      await bull.push(TOTAL);
      return await bull.drain(TOTAL);
    },
    real: async () => {
      await pushRate(queue, TOTAL);
      return await drainRate(queue, TOTAL);
    },
  });
  const drainId = "redis: taken and acknowledged by 8 units, against BullMQ";
  yield ratioRow({ id: drainId, unit: "/s", bound: BOUND }, drained);
}

/** BullMQ, doing the same with its own means. */
class BullMq implements AsyncDisposable {
  readonly #connection: { host: string; port: number };
  readonly #queue: BullQueue;

  constructor(port: number) {
    this.#connection = { host: "127.0.0.1", port };
    this.#queue = new BullQueue("bench", {
      connection: this.#connection,
      defaultJobOptions: { removeOnComplete: true, attempts: 5 },
    });
  }

  async push(total: number): Promise<number> {
    const data = Buffer.from(VALUE).toString();
    const batch = Array.from({ length: BATCH }, () => ({ name: "job", data }));
    let left = total / BATCH;
    const lane = async (): Promise<void> => {
      while (left-- > 0) await this.#queue.addBulk(batch);
    };
    const startedMs = performance.now();
    await Promise.all([lane(), lane(), lane(), lane()]);
    return (total / (performance.now() - startedMs)) * 1_000;
  }

  async drain(total: number): Promise<number> {
    const all = Promise.withResolvers<void>();
    let left = total;
    const startedMs = performance.now();
    const options = { connection: this.#connection, concurrency: UNITS };
    const worker = new Worker("bench", async () => {}, options);
    worker.on("completed", () => {
      if (--left === 0) all.resolve();
    });
    await all.promise;
    const rate = (total / (performance.now() - startedMs)) * 1_000;
    await worker.close();
    return rate;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.close();
  }
}
