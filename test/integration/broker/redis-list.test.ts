import { expect } from "bun:test";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { RedisHandler } from "../../../src/broker/redis/list/redis-handler.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { testNeeding } from "../../support/needs.ts";
import { redisMissing, redisServer, type RedisServer } from "../../support/redis-server.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";

const test = testNeeding(redisMissing);
const SECRET = "s3cret-w0rd";

function listUrl({ url }: RedisServer, query: string): string {
  return `${url.replace("redis:", "redis-list:")}?${query}`;
}

test("redis-list: a producer that knows nothing of ding wakes who waits", async () => {
  await using server = await redisServer();
  await using queue = await openQueue(listUrl(server, "queue=EXAMPLE_QUEUE"));
  const taking = queue.take({ max: 2, waitMs: 15_000 });
  await server.say("RPUSH EXAMPLE_QUEUE first second");
  const jobs = await taking;
  if (jobs.length < 2) jobs.push(...(await queue.take({ waitMs: 5_000 })));
  expect(jobs.map(({ value }) => Buffer.from(value).toString())).toEqual(["first", "second"]);
  expect(await server.say("EXISTS EXAMPLE_QUEUE")).toContain(":0");
});

test("redis-list: pop=right is for producers that push on the left", async () => {
  await using server = await redisServer();
  await server.say("LPUSH theirs old");
  await server.say("LPUSH theirs new");
  await using queue = await openQueue(listUrl(server, "queue=theirs&pop=right"));
  expect((await queue.peek()).map(({ value }) => Buffer.from(value).toString())).toEqual([
    "old",
    "new",
  ]);
  const [job] = await queue.take();
  expect(Buffer.from(job?.value ?? []).toString()).toBe("old");
  expect(await thrownBy(openQueue(listUrl(server, "pop=right")))).toHaveProperty(
    "code",
    "usage.invalid-option",
  );
});

test("redis-list: a job that failed is in no list any more, but in the log", async () => {
  await using server = await redisServer();
  const lines: unknown[] = [];
  const log = { ...silentLogger, error: (...line: unknown[]) => void lines.push(line) };
  await using queue = await openQueue(listUrl(server, "queue=list"), { log });
  await queue.push({ value: Buffer.from("the only copy") });
  await using _ = await queue.subscribe(() => Promise.reject(new Error("no luck")));
  await until(() => lines.length > 0, { timeoutMs: 30_000, what: "a line in the log" });
  const facts = { reason: "no luck", value: "the only copy" };
  expect(lines).toEqual([["A job failed, and is gone with that", expect.objectContaining(facts)]]);
});

test("redis-list: who waits goes on after a restart of the server", async () => {
  await using server = await redisServer();
  await using queue = await openQueue(listUrl(server, "queue=list"));
  const taking = queue.take({ waitMs: 25_000 });
  await server.kill();
  await server.start();
  await server.say("RPUSH list after");
  expect((await taking).length).toBe(1);
});

test("RedisHandler pushes and pops JSON, the oldest first, or the newest", async () => {
  await using server = await redisServer();
  await using handler = new RedisHandler("QUEUE_KEY", "127.0.0.1", server.port);
  expect(await handler.pop()).toBeUndefined();
  await handler.push({ image: "ü.png" });
  await handler.push([1, null]);
  expect(await server.say("LINDEX QUEUE_KEY 0")).toContain('{"image":"ü.png"}');
  expect(await handler.length()).toBe(2);
  expect(await handler.pop()).toEqual({ image: "ü.png" });
  await handler.push("last");
  await using newest = new RedisHandler("QUEUE_KEY", "127.0.0.1", server.port, { pop: "newest" });
  expect(await newest.pop()).toBe("last");
  await server.say("RPUSH QUEUE_KEY broken{");
  expect(await newest.pop().catch((error: unknown) => error)).toMatchObject({
    code: "usage.invalid-input",
    details: { value: "broken{" },
  });
  expect(await thrownBy(handler.push(undefined))).toHaveProperty("code", "usage.invalid-input");
});

test("RedisHandler takes a password, and refuses at once with a wrong one", async () => {
  await using server = await redisServer({ flags: ["--requirepass", SECRET] });
  const to = (password?: string): RedisHandler =>
    new RedisHandler("k", "127.0.0.1", server.port, { password });
  await using right = to(SECRET);
  await right.push(1);
  await using wrong = to(`not-${SECRET}`);
  const refused = await thrownBy(wrong.pop());
  expect(refused).toHaveProperty("code", "auth.refused");
  expect(Bun.inspect(refused, { depth: 20 })).not.toContain(SECRET);
  await using none = to();
  expect(await thrownBy(none.pop())).toHaveProperty("code", "auth.missing");
});
