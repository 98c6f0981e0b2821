import { expect, test } from "bun:test";
import type { SlaveConnection } from "../../../src/master/connection.ts";
import type { Task } from "../../../src/master/task.ts";
import { SlaveTaskAlreadyExist } from "../../../src/protocol/slave-exceptions.ts";
import type { SlaveOptions } from "../../../src/slave/slave-options.ts";
import { endOf, Gate, startPair, thrownBy, type Pair } from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

/** A pair whose tasks note their begin and wait for the gate. */
async function startGated(options: SlaveOptions): Promise<Pair & { gate: Gate; begun: unknown[] }> {
  const gate = new Gate();
  const begun: unknown[] = [];
  const pair = await startPair(
    async (task, { signal }) => {
      begun.push(task);
      await gate.pass(signal);
      return task;
    },
    { slave: options },
  );
  return { ...pair, gate, begun };
}

const begin = (connection: SlaveConnection, ...data: unknown[]): Promise<Task[]> =>
  Promise.all(data.map((one) => connection.newTask(one).start()));

test("mode refuse, one at a time: a second task gets 601, the first is unharmed", async () => {
  await using pair = await startGated({});
  const { connection, gate, slave } = pair;
  const [first] = await begin(connection, 1);
  const second = connection.newTask(2);
  const error = (await thrownBy(second.start())) as SlaveTaskAlreadyExist;
  expect(error).toBeInstanceOf(SlaveTaskAlreadyExist);
  expect([error.status, error.statusCode, error.code, error.success]).toEqual([
    400,
    400,
    601,
    false,
  ]);
  expect(second.status).toBe("START_FAILED");
  expect((await second.join()).status).toBe("START_FAILED");
  expect(slave.status()).toMatchObject({ running: 1, queued: 0, counts: { refused: 1 } });
  gate.open();
  expect(endOf((await first?.join()) as Task)).toEqual(["COMPLETED", 1]);
  expect(endOf(await connection.newTask(3).start().join())).toEqual(["COMPLETED", 3]);
});

test("mode refuse, three at a time: the fourth gets 601, all three run side by side", async () => {
  await using pair = await startGated({ concurrency: 3 });
  const { connection, gate, begun, slave } = pair;
  const tasks = await begin(connection, 1, 2, 3);
  expect(begun).toEqual([1, 2, 3]);
  await thrownBy(connection.newTask(4).start());
  expect(slave.status()).toMatchObject({ running: 3, queued: 0 });
  gate.open();
  await Promise.all(tasks.map((task) => task.join()));
  expect(tasks.map(({ result }) => result)).toEqual([1, 2, 3]);
});

test("mode queue, one at a time: tasks wait in order up to the limit, and status() shows it", async () => {
  await using pair = await startGated({ mode: "queue", queueLimit: 3 });
  const { connection, gate, begun, slave } = pair;
  const tasks = await begin(connection, 1, 2, 3, 4);
  const error = (await thrownBy(connection.newTask(5).start())) as SlaveTaskAlreadyExist;
  expect([error.code, error.data]).toEqual([601, { reason: "full" }]);
  expect(begun).toEqual([1]);
  const status = slave.status();
  expect(status).toMatchObject({ mode: "queue", queueLimit: 3, running: 1, queued: 3 });
  expect(status.tasks.map(({ id, state }) => [id, state])).toEqual(
    tasks.map(({ id }, index) => [id, index === 0 ? "running" : "queued"]),
  );
  expect(connection.slave).toMatchObject({ mode: "queue", queueLimit: 3, concurrency: 1 });
  gate.open();
  await Promise.all(tasks.map((task) => task.join()));
  expect(begun).toEqual([1, 2, 3, 4]);
  expect(slave.status()).toMatchObject({ running: 0, queued: 0, counts: { completed: 4 } });
});

test("mode queue, two at a time: never more than two run, in order of arrival", async () => {
  let running = 0;
  let most = 0;
  const order: unknown[] = [];
  await using pair = await startPair(
    async (task: number) => {
      order.push(task);
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, task % 3));
      running -= 1;
      return task * 2;
    },
    { slave: { mode: "queue", concurrency: 2, queueLimit: 1_000 } },
  );
  const numbers = Array.from({ length: 200 }, (_, index) => index);
  const tasks = await begin(pair.connection, ...numbers);
  await Promise.all(tasks.map((task) => task.join()));
  expect(tasks.map(({ result }) => result)).toEqual(numbers.map((number) => number * 2));
  expect(order).toEqual(numbers);
  expect(most).toBe(2);
});

test("cancel() of a queued task ends it at once; it never runs, the others do", async () => {
  await using pair = await startGated({ mode: "queue" });
  const { connection, gate, begun, slave } = pair;
  const [first, second, third] = await begin(connection, 1, 2, 3);
  expect((await second?.cancel())?.status).toBe("CANCELLED");
  expect(slave.status()).toMatchObject({ running: 1, queued: 1, counts: { cancelled: 1 } });
  gate.open();
  await Promise.all([first?.join(), third?.join()]);
  expect(begun).toEqual([1, 3]);
});

test("cancel() names one try of a task; another try of the same id goes on", async () => {
  await using pair = await startGated({ mode: "queue" });
  const { connection, gate } = pair;
  const first = await connection.newTask("try 1").start();
  const second = await connection.newTask("try 2", { id: first.id, attempt: 2 }).start();
  expect((await second.cancel()).status).toBe("CANCELLED");
  expect(first.status).toBe("STARTED");
  gate.open();
  expect(endOf(await first.join())).toEqual(["COMPLETED", "try 1"]);
});

test("disconnect() cancels running and queued tasks; nothing of them runs later", async () => {
  await using pair = await startGated({ mode: "queue", concurrency: 2 });
  const { connection, begun, slave } = pair;
  const tasks = await begin(connection, 1, 2, 3, 4, 5);
  await connection.disconnect();
  await Promise.all(tasks.map((task) => task.join()));
  expect(tasks.map(({ status }) => status)).toEqual(Array(5).fill("CANCELLED"));
  await until(() => slave.status().running === 0, { what: "a slave without tasks" });
  expect(slave.status()).toMatchObject({ queued: 0, master: null });
  expect(begun).toEqual([1, 2]);
});

test("the same task id twice runs once; the second is refused as known", async () => {
  await using pair = await startGated({ mode: "queue" });
  const { connection, gate, begun } = pair;
  const first = await connection.newTask(1).start();
  const twin = connection.newTask(1, { id: first.id });
  const error = (await thrownBy(twin.start())) as SlaveTaskAlreadyExist;
  expect([error.code, error.data]).toEqual([601, { reason: "known" }]);
  gate.open();
  await first.join();
  await thrownBy(connection.newTask(1, { id: first.id }).start());
  expect(begun).toEqual([1]);
});

test("a thousand tasks that never wait pass through a queue of one place", async () => {
  await using pair = await startPair((task: number) => task + 1, {
    slave: { mode: "queue", queueLimit: 10_000 },
  });
  const numbers = Array.from({ length: 1_000 }, (_, index) => index);
  const tasks = numbers.map((number) => pair.connection.newTask(number));
  await Promise.all(tasks.map((task) => task.start().join()));
  expect(tasks.map(({ result }) => result)).toEqual(numbers.map((number) => number + 1));
});
