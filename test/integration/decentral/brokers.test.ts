import { expect, test } from "bun:test";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { freePort } from "../../support/free-port.ts";
import { notesIn, pushValues, startFleet, unitFixture } from "../../support/fleet.ts";
import { natsMissing, natsServer } from "../../support/nats-server.ts";
import { testNeeding } from "../../support/needs.ts";
import { redisMissing, redisServer } from "../../support/redis-server.ts";
import { modelFixture, startServer } from "../../support/serve.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const JOBS = 300;

interface Broker extends AsyncDisposable {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** With how many jobs may be done again: NATS writes acknowledgements down when it has time, and kill -9 forgets some. */
const BROKERS: [string, string | undefined, () => Promise<Broker>, number][] = [
  ["redis", redisMissing, () => redisServer({ aof: true }), 4 * 2],
  ["nats", natsMissing, () => natsServer(), JOBS],
];

for (const [kind, missing, start, again] of BROKERS) {
  testNeeding(missing)(`a fleet does every job of ${kind}, also when that is killed`, async () => {
    await using folder = await tempFolder();
    await using broker = await start();
    await using queue = await openQueue(broker.url);
    const to = folder.file("notes");
    await pushValues(queue, ...Array.from({ length: JOBS }, (_, n) => ({ to, n, ms: 10 })));
    const options = { queue: broker.url, numClient: 4, leaseMs: 1_500, retryMs: 50 };
    await using fleet = await startFleet(options);
    await until(() => notesIn(to).length > 60, { what: "the first jobs" });
    await broker.kill();
    await until(() => fleet.facts().queue?.error, { what: "a word of the queue's death" });
    await broker.start();
    const done = (): number[] =>
      notesIn(to)
        .filter(({ what }) => what === "done")
        .map(({ n }) => n);
    await until(() => new Set(done()).size === JOBS, { what: "all jobs", timeoutMs: 25_000 });
    expect(done().length - JOBS).toBeLessThanOrEqual(again);
    await until(() => fleet.facts().ready, { what: "units that take jobs" });
  });
}

testNeeding(redisMissing)(
  "jobs of a plain list are tried again, and wait for the server",
  async () => {
    await using folder = await tempFolder();
    await using redis = await redisServer();
    const url = `${redis.url.replace("redis:", "redis-list:")}?queue=work`;
    await using queue = await openQueue(url);
    const to = folder.file("notes");
    {
      await using fleet = await startFleet({ queue: url, retryMs: 10, maxAttempts: 3 });
      await pushValues(queue, { to, n: 1, failUntil: 2 }, { to, n: 2, failUntil: 9 });
      await until(() => (fleet.status()["jobs"] as Record<string, number>)["dead"] === 1, {
        what: "the last try",
      });
      const done = notesIn(to).filter(({ what }) => what === "done");
      expect(done).toMatchObject([{ n: 1, attempt: 3 }]);
      expect(fleet.status()["jobs"]).toMatchObject({ done: 1, retried: 4, dead: 1 });
    }
    const port = await freePort();
    const asking = { plugin: unitFixture("asking.ts"), remoteServers: [["127.0.0.1", port]] };
    await pushValues(queue, { to, n: 3 });
    {
      await using fleet = await startFleet({ ...asking, queue: url });
      await until(() => fleet.facts().reason?.startsWith("every unit waits"), { what: "a wait" });
      // The word that it goes back is on its way.
      await until(async () => (await queue.stats()).length === 1, { what: "the job in its list" });
    }
    await using _ = await startServer({ plugin: modelFixture("jobs.ts"), port });
    await using fleet = await startFleet({ ...asking, queue: url });
    await until(() => notesIn(to).some(({ n }) => n === 3), { what: "the job that waited" });
    expect(fleet.facts().ready).toBe(true);
  },
);

test("a queue that is not there ends the start with a clear error", async () => {
  const port = await freePort();
  const starting = startFleet({ queue: `redis://:secret@127.0.0.1:${port}` });
  const error = await starting.then(
    () => undefined,
    (thrown: unknown) => thrown as Error,
  );
  expect(error?.message).toContain(`127.0.0.1:${port}`);
  expect(error?.message).not.toContain("secret");
});
