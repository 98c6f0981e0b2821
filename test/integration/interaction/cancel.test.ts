import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { endOf, Gate, startPair, thrownBy } from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

test("cancel() before start: CANCELLED, never sent", async () => {
  let runs = 0;
  await using pair = await startPair(() => (runs += 1));
  const task = pair.connection.newTask();
  expect((await task.cancel()).status).toBe("CANCELLED");
  expect(((await thrownBy(task.start())) as DingError).code).toBe("state.invalid");
  expect(runs).toBe(0);
});

test("cancel() right after start(): CANCELLED, whatever the slave did meanwhile", async () => {
  const gate = new Gate();
  await using pair = await startPair((_task, { signal }) => gate.pass(signal));
  const task = pair.connection.newTask();
  const failed: unknown[] = [];
  task.onFail((...args) => failed.push(args));
  const starting = task.start();
  const cancelled = await task.cancel();
  expect(cancelled.status).toBe("CANCELLED");
  await starting.catch(() => {});
  expect(failed).toEqual([[{}, undefined]]);
  expect((task.error as DingError).code).toBe("task.cancelled");
});

test("cancel() of a running task aborts its signal; of an ended one changes nothing", async () => {
  let reason: unknown;
  const gate = new Gate();
  await using pair = await startPair(async (_task, { signal }) => {
    try {
      await gate.pass(signal);
    } catch (thrown) {
      reason = thrown;
      throw thrown;
    }
    return 1;
  });
  const { connection, slave } = pair;
  const task = await connection.newTask().start();
  expect((await task.cancel()).status).toBe("CANCELLED");
  expect((reason as DingError).code).toBe("task.cancelled");
  expect(slave.status()).toMatchObject({ running: 0, counts: { cancelled: 1, failed: 0 } });
  gate.open();
  const next = await connection.newTask().start().join();
  expect((await next.cancel()).status).toBe("COMPLETED");
});

test("a task that does not look at its signal is reported as cancelled all the same", async () => {
  const gate = new Gate();
  await using pair = await startPair(async () => {
    await gate.pass();
    return "too late";
  });
  const { connection } = pair;
  const task = await connection.newTask().start();
  expect((await task.cancel()).status).toBe("CANCELLED");
  gate.open();
  expect(endOf(await connection.newTask().start().join())).toEqual(["COMPLETED", "too late"]);
  expect(task.status).toBe("CANCELLED");
});

test("taskTimeoutMs ends a task as TIMED_OUT, and leaves no timer behind tasks that are quick", async () => {
  const gate = new Gate();
  await using pair = await startPair(
    (task, { signal }) => (task === "quick" ? 1 : gate.pass(signal)),
    { slave: { taskTimeoutMs: 60 } },
  );
  const { connection, slave } = pair;
  expect((await connection.newTask("quick").start().join()).status).toBe("COMPLETED");
  const task = await connection.newTask("slow").start().join();
  expect(endOf(task)).toEqual(["TIMED_OUT", undefined, "The task ran longer than 60 ms"]);
  expect(slave.status()).toMatchObject({ running: 0, counts: { timedOut: 1, failed: 0 } });
});

test("start({ signal }): an abort before the slave has taken the task cancels it", async () => {
  const gate = new Gate();
  await using pair = await startPair({ beforeTask: () => gate.pass(), processTask: () => 1 });
  const { connection, slave } = pair;
  const abort = new AbortController();
  const task = connection.newTask();
  const starting = thrownBy(task.start({ signal: abort.signal }));
  await until(() => gate.waiting === 1, { what: "beforeTask" });
  abort.abort(new Error("changed my mind"));
  expect((await starting).message).toBe("changed my mind");
  expect((await task.join()).status).toBe("CANCELLED");
  gate.open();
  await until(() => slave.status().running === 0, { what: "an idle slave" });
});
