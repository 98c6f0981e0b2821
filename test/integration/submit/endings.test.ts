import { expect, test } from "bun:test";
import { DingError } from "../../../src/core/errors.ts";
import { delay } from "../../../src/core/wait.ts";
import { freePort } from "../../support/free-port.ts";
import { failureOf } from "../../unit/submit/failure-of.ts";
import type { TaskContext } from "../../../src/slave/context.ts";
import { TaskRefuse } from "../../../src/slave/refusals.ts";
import { linesOf, numbers, Rack, submitText } from "./rack.ts";

async function slowly(task: unknown): Promise<unknown> {
  await delay(10);
  return task;
}

test("submit() takes a code in a failed task's own error for the plugin's, not for a refusal", async () => {
  let ran = 0;
  const work = (code: number): unknown => {
    ran += 1;
    throw new DingError("task.failed", "the plugin says no", { details: { code } });
  };
  await using rack = await Rack.of(2, work as never);
  const { lines } = await submitText("[602, 601, 101, 301]", { slave: rack.addresses });
  for (const { status, attempts, error } of lines) {
    expect({ status, attempts }).toEqual({ status: "FAILED", attempts: 1 });
    expect(error?.code).toBe("task.failed");
  }
  expect(ran).toBe(4);
});

test("submit() tells the library's status of a task that waited in a queue and was not wanted", async () => {
  await using rack = await Rack.of(1, slowly, { mode: "queue", concurrency: 1, queueLimit: 4 });
  const [slave] = rack.slaves;
  slave!.beforeTask = (task) => {
    if (task === 2) throw new TaskRefuse({ wants: "no 2" });
  };
  const options = { slave: rack.addresses, inFlight: 3 };
  const { lines } = await submitText("[0, 1, 2, 3]", options);
  expect(lines.find((line) => line.index === 2)).toMatchObject({
    status: "FAILED",
    error: { code: "peer.refused", details: { code: 602, data: { wants: "no 2" } } },
  });
});

test("submit() goes on with the other slave while one finishes what it has and leaves", async () => {
  await using rack = await Rack.of(2, slowly, { concurrency: 2 });
  const [leaver] = rack.slaves;
  let leaving: Promise<void> | undefined;
  const { lines, counts, retried } = await submitText(
    linesOf(numbers(300)),
    { slave: rack.addresses, minSlaves: 2, retries: 0 },
    { events: { onResult: () => void (leaving ??= leaver?.close(5_000)) } },
  );
  await leaving;
  expect(counts.COMPLETED).toBe(300);
  expect(retried).toBe(0);
  expect(lines.every((line) => line.attempts === 1)).toBe(true);
  expect(leaver?.status().counts.completed).toBeLessThan(10);
});

test("submit() gives a task to another slave when its own stops without waiting for it", async () => {
  const begun = Promise.withResolvers<void>();
  const untilAborted = (_task: unknown, { signal }: TaskContext): Promise<never> => {
    begun.resolve();
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  };
  await using rack = new Rack();
  const stopping = await rack.add(untilAborted);
  await rack.add(slowly);
  const job = submitText("[1, 2]", { slave: rack.addresses, minSlaves: 2 });
  await begun.promise;
  await stopping.close(20);
  const { counts, lines, retried } = await job;
  expect([counts.COMPLETED, retried]).toEqual([2, 1]);
  expect(Math.max(...lines.map(({ attempts }) => attempts))).toBe(2);
});

test("submit() asks for --channel when the slaves do not tell theirs", async () => {
  const port = await freePort();
  const answer = (): Response => new Response("no such page", { status: 404 });
  using _other = Bun.serve({ hostname: "127.0.0.1", port, fetch: answer });
  const error = await failureOf(submitText("1", { slave: [`127.0.0.1:${port}`] }));
  expect(error).toMatchObject({
    code: "usage.invalid-option",
    message: `Cannot find out the channel: 127.0.0.1:${port} does not tell it`,
    hint: "Pass --channel N.",
  });
});

test("submit() tells in whole milliseconds how long a slave without a word was waited for", async () => {
  const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  try {
    const slave = [`127.0.0.1:${silent.port}`];
    const error = await failureOf(submitText("1", { slave, connectTimeoutMs: 400 }));
    expect(error.message).toMatch(/: no answer within \d+ ms$/);
  } finally {
    silent.stop(true);
  }
});
