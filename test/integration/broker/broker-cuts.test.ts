import { describe, expect } from "bun:test";
import { openQueue } from "../../../src/broker/open-queue.ts";
import type { Queue } from "../../../src/broker/queue.ts";
import { cuttingProxy } from "../../support/cutting-proxy.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";
import { BROKERS, urlVia } from "./brokers.ts";

const FAST = { minMs: 1, maxMs: 5, jitter: 0 };
const BATCH = 25;

function textOf({ value }: { value: Uint8Array }): string {
  return Buffer.from(value).toString();
}

/** Pushes `count` jobs, each text once, in small batches, and says how far it is. */
async function pushAll(
  queue: Queue,
  count: number,
  onPush: (sofar: number) => void,
): Promise<void> {
  for (let at = 0; at < count; at += BATCH) {
    const texts = Array.from({ length: BATCH }, (_, index) => `${at + index}`);
    await queue.pushMany(texts.map((text) => ({ value: Buffer.from(text) })));
    onPush(at + BATCH);
  }
}

for (const { name, test, server: startServer } of BROKERS) {
  describe(name, () => {
    test("jobs go on over cut connections: none is lost, none is there twice", async () => {
      await using server = await startServer();
      await using proxy = await cuttingProxy(server.port);
      const url = urlVia(server.url, { address: proxy.address });
      await using queue = await openQueue(url, { leaseMs: 1_500, maxAttempts: 50, backoff: FAST });
      await using direct = await openQueue(server.url);
      const done: string[] = [];
      await using _ = await queue.subscribe((job) => done.push(textOf(job)), { concurrency: 8 });
      const count = 2_000;
      await pushAll(queue, count, (sofar) => {
        if (sofar % 400 === 0) proxy.cut();
      });
      const isEmpty = async (): Promise<boolean> => (await direct.stats()).length === 0;
      await until(isEmpty, { timeoutMs: 45_000, everyMs: 50, what: "an empty queue" });
      expect(new Set(done).size).toBe(count);
      // A job that was under way at a cut may run again: at most two for each of 8 units and each of 5 cuts.
      expect(done.length).toBeLessThanOrEqual(count + 5 * 8 * 2);
      expect(await direct.stats()).toMatchObject({ dead: 0 });
    });

    test("kill -9 of the broker: who waits goes on after the restart, what was told is there", async () => {
      await using server = await startServer();
      const options = { leaseMs: 1_500, maxAttempts: 50, backoff: FAST };
      await using queue = await openQueue(server.url, options);
      const done: string[] = [];
      await using _ = await queue.subscribe((job) => done.push(textOf(job)), { concurrency: 4 });
      await queue.push({ value: Buffer.from("before") });
      await until(() => done.includes("before"), { what: "the first job" });
      await queue.push({ value: Buffer.from("kept"), delayMs: 1_000 });
      await server.kill();
      const pushing = queue.push({ value: Buffer.from("while it is away") });
      await server.start();
      await pushing;
      await queue.push({ value: Buffer.from("after") });
      const isDone = (): boolean => new Set(done).size === 4;
      await until(isDone, { timeoutMs: 25_000, what: () => `4 jobs, have ${done.join(", ")}` });
      const isEmpty = async (): Promise<boolean> => (await queue.stats()).length === 0;
      await until(isEmpty, { timeoutMs: 15_000, everyMs: 50, what: "an empty queue" });
    });

    test("a broker that is away: take() rejects after a while, and finds its jobs later", async () => {
      await using server = await startServer();
      await using queue = await openQueue(server.url);
      await queue.push({ value: Buffer.from("there") });
      await server.kill();
      expect(await thrownBy(queue.take())).toMatchObject({
        code: "network.unreachable",
        message: expect.not.stringContaining("passed"), // what is away, not how long one waited
      });
      await server.start();
      const jobs = await queue.take({ waitMs: 20_000 });
      expect(jobs.map(textOf)).toEqual(["there"]);
    });

    test("close() ends at once while the broker is away", async () => {
      await using server = await startServer();
      const queue = await openQueue(server.url);
      const taking = thrownBy(queue.take({ waitMs: Infinity }));
      await server.kill();
      await queue.close();
      expect(await taking).toHaveProperty("code", "service.stopping");
    });

    test("a broker that hangs and comes to itself has lost nothing", async () => {
      await using server = await startServer();
      await using queue = await openQueue(server.url);
      await server.halt();
      const pushing = queue.push({ value: Buffer.from("slow") });
      const taking = queue.take({ waitMs: 10_000 });
      server.proceed();
      await pushing;
      expect((await taking).map(textOf)).toEqual(["slow"]);
    });
  });
}
