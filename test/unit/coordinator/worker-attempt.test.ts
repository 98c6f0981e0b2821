import { expect, test } from "bun:test";
import { WorkerAttempt } from "../../../src/coordinator/plugin/worker-attempt.ts";
import { thrownBy } from "../../support/thrown-by.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 30_000 };

test("watch() tells as long as the code works, or waits for what is attended, and no more when it hangs", async () => {
  const answer = Promise.withResolvers<number>();
  const hang = Promise.withResolvers<void>();
  const attempt = new WorkerAttempt("task", 1, 40);
  const service = attempt.attended({ ask: () => answer.promise, name: "service" });
  expect(service.name).toBe("service");
  attempt.run(async () => {
    expect(await service.ask()).toBe(7);
    await hang.promise;
  });
  let told = 0;
  const watched = attempt.watch(new AbortController().signal, () => void (told += 1));
  await until(() => told >= 4, PATIENT);
  answer.resolve(7);
  // What was said before may still be on its way.
  let last = -1;
  let since = performance.now();
  await until(() => {
    if (told !== last) [last, since] = [told, performance.now()];
    return performance.now() - since > 500;
  }, PATIENT);
  attempt.changed();
  await until(() => told > last, PATIENT);
  hang.resolve();
  await watched;
});

test("watch() of code that is told to stop lasts until that has come back", async () => {
  const hang = Promise.withResolvers<void>();
  const attempt = new WorkerAttempt("task", 1);
  attempt.run(() => hang.promise);
  const cancel = new AbortController();
  let isOver = false;
  const watched = thrownBy(attempt.watch(cancel.signal, () => {})).finally(() => (isOver = true));
  cancel.abort(new Error("cancelled"));
  await until(() => attempt.signal.aborted, PATIENT);
  let isDisplaced = false;
  const displaced = attempt.displace().then(() => (isDisplaced = true));
  await Promise.resolve();
  expect([isOver, isDisplaced]).toEqual([false, false]);
  hang.resolve();
  expect(await watched).toMatchObject({ message: "cancelled" });
  await displaced;
});

test("run() begins the code when it is watched; one that is ended before never begins", async () => {
  let begun = 0;
  const code = async (): Promise<void> => void (begun += 1);
  const watched = new WorkerAttempt("task", 1);
  watched.run(code);
  expect(begun).toBe(0);
  await watched.watch(new AbortController().signal, () => {});
  expect(begun).toBe(1);
  const ended = new WorkerAttempt("task", 2);
  ended.run(code);
  expect(await ended.end(30_000)).toBe(true);
  await ended.watch(new AbortController().signal, () => {});
  expect([begun, ended.isOver]).toEqual([1, true]);
});
