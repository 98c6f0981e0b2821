import { expect, test } from "bun:test";
import { DingError } from "../../../src/core/errors.ts";
import type { TaskEvents } from "../../../src/slave/outcome.ts";
import type { SlavePlugin } from "../../../src/slave/plugin.ts";
import { TaskFail } from "../../../src/slave/refusals.ts";
import { TaskRunner } from "../../../src/slave/task-runner.ts";
import { recordLog } from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

/** Runs one task to its end; `cancel` ends it as soon as it runs. */
async function logOf(
  processTask: SlavePlugin["processTask"],
  { cancel = false } = {},
): Promise<unknown[]> {
  const log = recordLog();
  const runner = new TaskRunner({ plugin: { processTask }, channel: 0, workerId: "w0", log });
  let isEnded = false;
  const end = (): void => void (isEnded = true);
  const events: TaskEvents = {
    accepted() {},
    progress() {},
    completed: end,
    failed: end,
    refused: end,
  };
  const abort = runner.run({ id: "t", attempt: 1, data: undefined }, events);
  if (cancel) abort(new DingError("task.cancelled", "The task was cancelled"));
  await until(() => isEnded, { what: "the end of the task" });
  return log.lines.map(({ level, message, fields }) => [level, message, typeof fields["stack"]]);
}

const fails =
  (thrown: unknown): (() => never) =>
  () => {
    throw thrown;
  };

test("run() logs whatever a task's code throws, with its stack where there is one", async () => {
  expect(await logOf(fails(new RangeError("too far")))).toEqual([
    ["warn", "task t failed: too far", "string"],
  ]);
  expect(await logOf(fails("only words"))).toEqual([
    ["warn", "task t failed: only words", "undefined"],
  ]);
});

test("run() logs no TaskFail, nor what is thrown by a task that was told to end", async () => {
  expect(await logOf(fails(new TaskFail({ a: 1 }, "as agreed")))).toEqual([]);
  const untilAborted: SlavePlugin["processTask"] = (_task, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  expect(await logOf(untilAborted, { cancel: true })).toEqual([]);
});
