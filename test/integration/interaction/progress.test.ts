import { expect, test } from "bun:test";
import { endOf, startPair } from "../../support/interaction.ts";

test("progress values arrive in order and before the result", async () => {
  await using pair = await startPair(async (count: number, ctx) => {
    for (let value = 0; value < count; value++) {
      ctx.progress({ value });
      if (value % 7 === 0) await Promise.resolve();
    }
    return "end";
  });
  const heard: unknown[] = [];
  const task = pair.connection.newTask(100);
  task.onProgress((value) => heard.push(value)).onComplete((_data, result) => heard.push(result));
  await task.start().join();
  expect(heard).toEqual([...Array.from({ length: 100 }, (_, value) => ({ value })), "end"]);
});

test("progress in a tight loop is thinned out: bounded, in order, the newest before the result", async () => {
  await using pair = await startPair((count: number, ctx) => {
    for (let value = 0; value < count; value++) ctx.progress(value);
    return "end";
  });
  const heard: number[] = [];
  const task = pair.connection.newTask(50_000);
  task.onProgress((value) => heard.push(value as number));
  expect(endOf(await task.start().join())).toEqual(["COMPLETED", "end"]);
  expect(heard.length).toBeLessThan(1_000);
  expect(heard).toEqual(heard.toSorted((one, other) => one - other));
  expect(heard.at(-1)).toBe(49_999);
});

test("progress may be any value; one that cannot travel throws where it is told", async () => {
  await using pair = await startPair((_task, ctx) => {
    for (const value of [0, "", false, null, undefined, [1], new Uint8Array([1])]) {
      ctx.progress(value);
    }
    try {
      ctx.progress(() => {});
    } catch (thrown) {
      return (thrown as Error).message;
    }
    return "it passed";
  });
  const heard: unknown[] = [];
  const task = pair.connection.newTask();
  task.onProgress((value) => heard.push(value));
  await task.start().join();
  expect(heard.slice(0, 4)).toEqual([0, "", false, null]);
  expect(heard.slice(5)).toEqual([[1], new Uint8Array([1])]);
  expect(String(task.result)).toStartWith("Cannot send progress: ");
});

test("progress that is told after the end is not heard", async () => {
  let tell: ((value: unknown) => void) | undefined;
  await using pair = await startPair((task: string, ctx) => {
    if (task === "first") tell = (value) => ctx.progress(value);
    else tell?.("from the grave");
    return task;
  });
  const heard: unknown[] = [];
  const first = pair.connection.newTask("first");
  first.onProgress((value) => heard.push(value));
  await first.start().join();
  await pair.connection.newTask("second").start().join();
  expect(heard).toEqual([]);
});

test("ctx names task, try, channel and worker", async () => {
  await using pair = await startPair(
    (_task, { taskId, attempt, channel, workerId, signal }) => ({
      taskId,
      attempt,
      channel,
      workerId,
      isAborted: signal.aborted,
    }),
    { slave: { channel: 7 }, master: { channel: 7 } },
  );
  const task = pair.connection.newTask(0, { attempt: 3 });
  await task.start().join();
  expect(task.result).toEqual({
    taskId: task.id,
    attempt: 3,
    channel: 7,
    workerId: "w0",
    isAborted: false,
  });
});
