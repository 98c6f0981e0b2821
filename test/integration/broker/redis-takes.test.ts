import { expect } from "bun:test";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { Redis } from "ioredis";
import { openQueue } from "../../../src/broker/open-queue.ts";
import type { Job } from "../../../src/broker/job.ts";
import type { Queue } from "../../../src/broker/queue.ts";
import { testNeeding } from "../../support/needs.ts";
import { redisMissing, redisServer, type RedisServer } from "../../support/redis-server.ts";
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
  expect([...leased].slice(-2)).toEqual([800, 0]);
  expect(await queue.peek(1_300)).toHaveLength(1_300);
});

const entriesOf = async (server: RedisServer): Promise<number> =>
  Number((await server.say("XLEN ding:{jobs}:s:0")).slice(1));

test("redis: jobs that were read together end in any order, and nothing stays in the stream", async () => {
  await using server = await redisServer();
  await using queue = await openQueue(server.url);
  await pushAll(queue, 400);
  const takings: Job[][] = [];
  for (let at = 0; at < 40; at++) takings.push(await queue.take({ max: 10, leaseMs: LONG_MS }));
  const [first = [], ...later] = takings;
  const ackAll = async (all: Job[][]): Promise<void> => {
    for (const jobs of all) await Promise.all(jobs.toReversed().map((job) => queue.ack(job)));
  };
  // The first one holds up the stream's head, but not for ever. An entry has 64 jobs.
  await ackAll(later.slice(0, 20));
  expect(await entriesOf(server)).toBe(7);
  await ackAll(later.slice(20));
  expect(await entriesOf(server)).toBe(0);
  expect(await queue.stats()).toMatchObject({ length: 10, leased: 10, ready: 0 });
  const [one, two, three, ...rest] = first;
  if (!one || !two || !three) throw new Error("Cannot take three jobs");
  await queue.ack(two);
  const left = (await queue.peek(20)).map(textOf).toSorted();
  expect(left).toEqual(["0", "2", "3", "4", "5", "6", "7", "8", "9"]);
  const again = await Promise.allSettled([queue.ack(two), queue.ack(three)]);
  expect(again.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  // From here on each has a lease of its own.
  await queue.release(one);
  const seen = (await queue.peek(20)).map(textOf).toSorted();
  expect(seen).toEqual(["0", "3", "4", "5", "6", "7", "8", "9"]);
  await Promise.all(rest.map((job) => queue.ack(job)));
  await Promise.all((await queue.take()).map((job) => queue.ack(job)));
  expect(await queue.stats()).toMatchObject({ length: 0, leased: 0, ready: 0 });
  // What comes next takes along what was left.
  await pushAll(queue, 10);
  await Promise.all((await queue.take({ max: 10 })).map((job) => queue.ack(job)));
  expect(await entriesOf(server)).toBe(0);
});

test("redis: take() gives only what was not done of jobs whose lease together has ended", async () => {
  await using server = await redisServer();
  await using queue = await openQueue(server.url);
  await pushAll(queue, 40);
  const jobs = await queue.take({ max: 40, leaseMs: 1_000 });
  const done = jobs.filter((_, at) => at % 3 > 0);
  await Promise.all(done.map((job) => queue.ack(job)));
  const back = await queue.take({ max: 40, leaseMs: LONG_MS, waitMs: LONG_MS });
  while (back.length < 14) back.push(...(await queue.take({ max: 40, leaseMs: LONG_MS })));
  expect(back.map(textOf)).toEqual(jobs.filter((job) => !done.includes(job)).map(textOf));
  const late = await Promise.allSettled(jobs.map((job) => queue.ack(job)));
  expect(late.filter(({ status }) => status === "fulfilled")).toEqual([]);
  await Promise.all(back.map((job) => queue.ack(job)));
  expect(await queue.stats()).toMatchObject({ length: 0, leased: 0, ready: 0 });
  expect(await entriesOf(server)).toBe(0);
});

test("redis: open() refuses jobs that lie there in another form, and takes what is empty", async () => {
  await using server = await redisServer();
  const redis = new Redis(server.url);
  try {
    await redis.hset("ding:{old}:meta", { n: 5, len: 2 });
    const url = `${server.url}?queue=old`;
    const refused = await openQueue(url).catch((error: unknown) => error);
    expect(String(refused)).toContain('Cannot open queue "old": its jobs have form 1');
    await redis.hset("ding:{old}:meta", { len: 0 });
    {
      await using queue = await openQueue(url);
      await pushAll(queue, 2);
    }
    await using queue = await openQueue(url);
    expect((await queue.stats()).length).toBe(2);
  } finally {
    redis.disconnect();
  }
});
