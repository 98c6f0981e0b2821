import { expect, test } from "bun:test";
import {
  bytes,
  LONG_MS,
  pushAll,
  SHORT_MS,
  takeAll,
  takeOne,
  textOf,
  type QueueKind,
} from "./queue-place.ts";

/** One that is not over before others have come and been looked at, on a slow machine too. */
const DELAY_MS = 1_000;

/** Priority, delay, keys, looking. */
export function queueOrder({ place: makePlace, can, tellsAge = true }: QueueKind): void {
  if (can.includes("priority")) {
    test("take() gives the greatest priority first, then the order of arrival", async () => {
      await using place = await makePlace();
      await using queue = await place.open();
      const order = [0, 5, -3, 5, 1_000, 0, -1_000];
      await queue.pushMany(
        order.map((priority, at) => ({ value: bytes(`${priority}/${at}`), priority })),
      );
      const texts = (await takeAll(queue, order.length)).map(textOf);
      expect(texts).toEqual(["1000/4", "5/1", "5/3", "0/0", "0/5", "-3/2", "-1000/6"]);
    });
  }

  if (can.includes("delay")) {
    test("take() gives a delayed job when its time has come, and lets others go before", async () => {
      await using place = await makePlace();
      await using queue = await place.open();
      const startedMs = performance.now();
      await queue.push({ value: bytes("later"), delayMs: DELAY_MS });
      await pushAll(queue, "now");
      expect(await queue.stats()).toMatchObject({ length: 2, ready: 1, delayed: 1 });
      expect((await takeAll(queue, 2)).map(textOf)).toEqual(["now", "later"]);
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(DELAY_MS - 20);
    });

    test("take() that waits is there when the first of many delays ends", async () => {
      await using place = await makePlace();
      await using queue = await place.open();
      await queue.push({ value: bytes("far"), delayMs: LONG_MS });
      const taking = queue.take({ waitMs: LONG_MS });
      await queue.push({ value: bytes("near"), delayMs: SHORT_MS });
      expect((await taking).map(textOf)).toEqual(["near"]);
    });
  }

  if (can.includes("key")) {
    test("push() with a key that is known adds nothing, also after the job is done", async () => {
      await using place = await makePlace();
      await using queue = await place.open();
      const first = await queue.push({ value: bytes("first"), key: "k" });
      const again = await queue.push({ value: bytes("again"), key: "k" });
      expect(first.isDuplicate).toBe(false);
      expect(again).toEqual({ id: first.id, isDuplicate: true });
      const both = await queue.pushMany([
        { value: bytes("other"), key: "o" },
        { value: bytes("twice"), key: "o" },
      ]);
      expect(both.map(({ isDuplicate }) => isDuplicate)).toEqual([false, true]);
      const jobs = await takeAll(queue, 2);
      expect(jobs.map(({ key }) => key)).toEqual(["k", "o"]);
      if (can.includes("lease")) await Promise.all(jobs.map((job) => queue.ack(job)));
      expect(await queue.push({ value: bytes("late"), key: "k" })).toMatchObject({
        isDuplicate: true,
      });
      expect(await queue.take()).toEqual([]);
    });

    test("push() counts a job that is there twice once, also where there is little room", async () => {
      await using place = await makePlace();
      await using queue = await place.open({ maxLength: 2 });
      await pushAll(queue, "first");
      const pushed = await queue.pushMany([
        { value: bytes("second"), key: "k" },
        { value: bytes("again"), key: "k" },
      ]);
      expect(pushed.map(({ isDuplicate }) => isDuplicate)).toEqual([false, true]);
      expect(await queue.stats()).toMatchObject({ length: 2 });
    });

    test("push() takes a key for new when its window is over", async () => {
      await using place = await makePlace();
      await using queue = await place.open({ keyWindowMs: SHORT_MS });
      await queue.push({ value: bytes("first"), key: "k" });
      const deadline = performance.now() + 5_000;
      let isDuplicate = true;
      while (isDuplicate && performance.now() < deadline) {
        ({ isDuplicate } = await queue.push({ value: bytes("second"), key: "k" }));
      }
      expect(isDuplicate).toBe(false);
      expect((await takeAll(queue, 2)).map(textOf)).toEqual(["first", "second"]);
    });
  }

  if (can.includes("peek")) {
    test("peek() shows jobs in the order in which they would be taken, and takes none", async () => {
      await using place = await makePlace();
      await using queue = await place.open();
      await pushAll(queue, "a", "b", "c");
      if (can.includes("delay")) await queue.push({ value: bytes("d"), delayMs: LONG_MS });
      if (can.includes("lease")) await takeOne(queue);
      const seen = await queue.peek();
      const texts = seen.map((job) => `${textOf(job)} ${job.state}`);
      const expected = ["a ready", "b ready", "c ready"];
      if (can.includes("lease")) expected.push(expected.shift()!.replace("ready", "leased"));
      if (can.includes("delay")) expected.splice(can.includes("lease") ? 2 : 3, 0, "d delayed");
      expect(texts).toEqual(expected);
      expect((await queue.peek(2)).length).toBe(2);
    });
  }

  test("stats() tells the age of the oldest job, where the kind can", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    expect(await queue.stats()).toMatchObject({ oldestMs: undefined });
    await pushAll(queue, "old");
    const { oldestMs } = await queue.stats();
    if (oldestMs !== undefined) expect(oldestMs).toBeLessThan(LONG_MS);
    if (tellsAge) expect(oldestMs).toBeGreaterThanOrEqual(0);
  });
}
