import { describe, expect } from "bun:test";
import { inspect } from "node:util";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { freePort } from "../../support/free-port.ts";
import { natsMissing, natsServer } from "../../support/nats-server.ts";
import { testNeeding } from "../../support/needs.ts";
import { redisMissing, redisServer } from "../../support/redis-server.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { BROKERS, urlVia } from "./brokers.ts";

const value = new Uint8Array(100);
const SECRET = "s3cret-w0rd";

for (const { name, test, server: startServer } of BROKERS) {
  describe(name, () => {
    test("openQueue() with a wrong password, or none, says so and never shows one", async () => {
      await using server = await startServer(SECRET);
      const user = name === "redis" ? "" : "me";
      const wrong = urlVia(server.url, { who: `${user}:wrong-${SECRET}` });
      const refused = await thrownBy(openQueue(wrong));
      expect(refused).toHaveProperty("code", "auth.refused");
      expect(inspect(refused, { depth: 20, showHidden: true })).not.toContain(SECRET);
      const missing = await thrownBy(openQueue(server.url));
      expect(missing).toHaveProperty("code", expect.stringMatching(/^auth\./));
      const right = urlVia(server.url, { who: `${user}:${SECRET}` });
      await using queue = await openQueue(right);
      expect(queue.url).not.toContain(SECRET);
      await queue.push({ value });
      expect(await queue.stats()).toMatchObject({ length: 1 });
    });

    test("openQueue() says that nobody listens there", async () => {
      const port = await freePort();
      const url = `${name}://127.0.0.1:${port}`;
      expect(await thrownBy(openQueue(url))).toMatchObject({
        code: "network.unreachable",
        message: expect.stringContaining(url),
      });
    });

    test("a lease that another connection has now cannot acknowledge, retry or extend", async () => {
      await using server = await startServer();
      await using slow = await openQueue(server.url);
      await using quick = await openQueue(server.url);
      await slow.push({ value });
      const [old] = await slow.take({ leaseMs: 200, waitMs: 5_000 });
      const [now] = await quick.take({ waitMs: 20_000 });
      if (!old || !now) throw new Error("Got no job");
      expect(now).toMatchObject({ id: old.id, attempt: 2 });
      for (const late of [slow.ack(old), slow.retry(old), slow.extend(old), slow.release(old)]) {
        expect(await thrownBy(late)).toHaveProperty("code", "lease.expired");
      }
      expect(await quick.stats()).toMatchObject({ length: 1, leased: 1 });
      await quick.ack(now);
      expect(await quick.stats()).toMatchObject({ length: 0, dead: 0 });
    });

    test("push() stops at maxLength, however many push at once", async () => {
      await using server = await startServer();
      await using queue = await openQueue(server.url, { maxLength: 100 });
      const batch = Array.from({ length: 7 }, () => ({ value }));
      const settled = [];
      for (let round = 0; round < 10; round++) {
        const pushes = Array.from({ length: 4 }, () => queue.pushMany(batch));
        settled.push(...(await Promise.allSettled(pushes)));
      }
      const refused = settled.filter((each) => each.status === "rejected");
      for (const { reason } of refused) expect(reason).toHaveProperty("code", "queue.full");
      const { length } = await queue.stats();
      expect(length).toBe((settled.length - refused.length) * 7);
      expect(length).toBeLessThanOrEqual(100);
      expect(length).toBeGreaterThan(90);
    });
  });
}

testNeeding(natsMissing)("openQueue() of a NATS without JetStream says what to do", async () => {
  await using server = await natsServer({ jetStream: false });
  expect(await thrownBy(openQueue(server.url))).toMatchObject({
    message: expect.stringContaining("JetStream"),
    hint: expect.stringContaining("-js"),
  });
});

testNeeding(natsMissing)("nats: what is larger than the server takes is refused", async () => {
  await using server = await natsServer();
  await using queue = await openQueue(server.url);
  const large = queue.push({ value: new Uint8Array(1_048_576) });
  expect(await thrownBy(large)).toMatchObject({ code: "usage.invalid-input" });
});

testNeeding(redisMissing)(
  "redis: a server that is full is queue.no-space; jobs can be finished",
  async () => {
    const flags = ["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"];
    await using server = await redisServer({ flags });
    await using queue = await openQueue(server.url);
    const large = Array.from({ length: 10 }, () => ({ value: new Uint8Array(100_000) }));
    let error: unknown;
    while (error === undefined)
      error = await queue.pushMany(large).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
    expect(error).toHaveProperty("code", "queue.no-space");
  },
);

testNeeding(redisMissing)(
  "redis: a database that the server has not is refused; those it has are apart",
  async () => {
    await using server = await redisServer();
    const place = server.url.replace(/\/0$/, "");
    expect(await thrownBy(openQueue(`${place}/99`))).toMatchObject({
      code: "usage.invalid-option",
      message: expect.stringContaining("out of range"),
    });
    await using fifteen = await openQueue(`${place}/15`);
    await using zero = await openQueue(server.url);
    await fifteen.push({ value });
    expect(await zero.stats()).toMatchObject({ length: 0 });
    expect(await fifteen.take({ waitMs: 30_000 })).toHaveLength(1);
  },
);

testNeeding(redisMissing)("redis: keys of another program are told, and left alone", async () => {
  await using server = await redisServer();
  await server.say("SET ding:{jobs}:meta theirs");
  expect(await thrownBy(openQueue(server.url))).toHaveProperty("code", "queue.broken");
  expect(await server.say("GET ding:{jobs}:meta")).toContain("theirs");
});
