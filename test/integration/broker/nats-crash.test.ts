import { readFile, writeFile } from "node:fs/promises";
import { expect } from "bun:test";
import { openQueue } from "../../../src/broker/open-queue.ts";
import type { Queue } from "../../../src/broker/queue.ts";
import { delay } from "../../../src/core/wait.ts";
import { natsMissing, natsServer, type NatsServer } from "../../support/nats-server.ts";
import { testNeeding } from "../../support/needs.ts";
import { until } from "../../support/until.ts";

const JOBS = 4_000;

testNeeding(natsMissing)(
  "stats() counts nothing that is done, also after a kill -9 in which the server forgot that it is",
  async () => {
    await using server = await natsServer();
    await using queue = await openQueue(server.url);
    const value = new Uint8Array([1]);
    await queue.pushMany(Array.from({ length: JOBS }, () => ({ value })));
    const done = new Set<string>();
    const onSettled = ({ id }: { id: string }): void => void done.add(id);
    await using _ = await queue.subscribe(() => {}, { concurrency: 8, onSettled });
    for (const enough of [JOBS / 4, JOBS / 2]) {
      await until(() => done.size >= enough, { what: "jobs", timeoutMs: 30_000, everyMs: 1 });
      await server.kill();
      await server.start();
    }
    const isEmpty = async (): Promise<boolean> =>
      (await queue.stats().catch(() => undefined))?.length === 0;
    await until(isEmpty, { what: "an empty queue", timeoutMs: 30_000, everyMs: 200 });
    expect(done.size).toBe(JOBS);
  },
);

const READY = Array.from({ length: 60 }, (_, n) => n);
const TAKEN = 39;

/**
 * A server as a kill -9 may leave it behind: the stream knows that jobs 1 to 38 are done, and the consumer does not.
 * Job 0 is under way, 39 to 59 are ready.
 */
async function forget(
  server: NatsServer,
  queue: Queue,
  beforeItIsBack: () => Promise<void> = async () => {},
): Promise<void> {
  await queue.pushMany(READY.map((n) => ({ value: new Uint8Array([n]) })));
  const held = await queue.take({ max: TAKEN, leaseMs: 600_000 });
  expect(held).toHaveLength(TAKEN);
  await server.stop();
  const folder = /Store Directory: "(.*)"/.exec(server.output)?.[1] ?? "";
  const file = `${folder}/$G/streams/DING-JOBS-jobs/obs/ding/o.dat`;
  const before = await readFile(file);
  await server.start();
  for (const job of held.slice(1)) await queue.ack(job);
  await server.stop();
  await beforeItIsBack();
  await writeFile(file, before);
  await server.start();
}

testNeeding(natsMissing)(
  "what NATS has forgotten in a kill -9 is told again, once it is there again",
  async () => {
    await using server = await natsServer();
    await using queue = await openQueue(server.url);
    await forget(server, queue);
    await until(async () => (await queue.stats()).leased === 1, { what: "one job that is held" });
  },
);

testNeeding(natsMissing)(
  "what NATS has forgotten in a kill -9 holds up nobody who comes later",
  async () => {
    await using server = await natsServer();
    const before = await openQueue(server.url);
    await forget(server, before, () => before[Symbol.asyncDispose]());
    await using queue = await openQueue(server.url);
    const came = new Set<number>();
    const startedMs = performance.now();
    // One at a time, and on beyond the time when the server looks for those that are done.
    while (came.size <= 21 && performance.now() - startedMs < 40_000) {
      for (const job of await queue.take({ max: 1, waitMs: 30_000 })) {
        const [n = -1] = job.value;
        came.add(n);
        if (n > 0) await queue.ack(job); // the first stays where it is
      }
      await delay(700);
    }
    expect([...came].toSorted((a, b) => a - b)).toEqual([0, ...READY.slice(TAKEN)]);
  },
);
