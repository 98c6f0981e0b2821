import { expect } from "bun:test";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { openQueue } from "../../../src/broker/open-queue.ts";
import type { Queue } from "../../../src/broker/queue.ts";
import { testNeeding } from "../../support/needs.ts";
import { redisMissing, redisServer } from "../../support/redis-server.ts";
import { until } from "../../support/until.ts";
import { urlVia } from "./brokers.ts";

const test = testNeeding(redisMissing);
const LONG_MS = 60_000;

function textOf({ value }: { value: Uint8Array }): string {
  return Buffer.from(value).toString();
}

async function pushAll(queue: Queue, count: number): Promise<void> {
  const jobs = Array.from({ length: count }, (_, at) => ({ value: Buffer.from(`${at}`) }));
  await queue.pushMany(jobs);
}

/** A wire on which what is asked still arrives, while answers may get lost. */
async function wire(port: number) {
  const sockets = new Set<Socket>();
  let isDeaf = false;
  const server = createServer((near) => {
    const far = connect(port, "127.0.0.1");
    far.on("data", (bytes) => !isDeaf && near.write(bytes));
    near.on("data", (bytes) => far.write(bytes));
    for (const each of [near, far]) {
      sockets.add(each);
      each.on("error", () => {}); // its end is what counts
      each.once("close", () => [near, far].forEach((one) => one.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** From now on answers get lost. */
    deafen: () => void (isDeaf = true),
    /** Connections that are open break; new ones hear. */
    mend() {
      isDeaf = false;
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test("redis: take() whose answer got lost loses no job: each has a lease", async () => {
  await using server = await redisServer();
  await using line = await wire(server.port);
  await using direct = await openQueue(server.url);
  await using queue = await openQueue(urlVia(server.url, { address: line.address }));
  await direct.take(); // the server knows the script now
  await pushAll(direct, 6);
  line.deafen();
  const wish = { max: 3, leaseMs: LONG_MS, waitMs: LONG_MS };
  // Where a machine is so busy that the call gives up meanwhile, another one takes them.
  const taking = queue.take(wish).catch(() => queue.take(wish));
  const isTaken = async (): Promise<boolean> => (await direct.stats()).leased === 3;
  await until(isTaken, { timeoutMs: 30_000, what: "a taking that nobody hears of" });
  line.mend();
  expect((await taking).map(textOf)).toEqual(["3", "4", "5"]);
  // Those that nobody has heard of come back with their lease.
  expect(await direct.stats()).toMatchObject({ length: 6, leased: 6 });
  const seen = await direct.peek();
  expect(seen.map(textOf).toSorted()).toEqual(["0", "1", "2", "3", "4", "5"]);
});

test("redis: stats() tells what is leased while a large taking that ended comes back in parts", async () => {
  await using server = await redisServer();
  await using queue = await openQueue(server.url);
  await pushAll(queue, 1_300);
  expect(await queue.take({ max: 1_300, leaseMs: 200 })).toHaveLength(1_300);
  const leased = new Set<number>();
  const isBack = async (): Promise<boolean> => {
    const seen = await queue.stats();
    leased.add(seen.leased);
    return seen.ready === 1_300;
  };
  await until(isBack, { timeoutMs: 30_000, what: "all jobs" });
  // As many as come back in one step are not leased any more.
  expect([...leased].slice(-3)).toEqual([800, 300, 0]);
  expect(await queue.peek(1_300)).toHaveLength(1_300);
});
