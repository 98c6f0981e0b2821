import { expect } from "bun:test";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { natsMissing, natsServer } from "../../support/nats-server.ts";
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
