import { expect, test } from "bun:test";
import { thrownBy } from "../support/thrown-by.ts";
import { until } from "../support/until.ts";
import { bytes, LONG_MS, pushAll, takeAll, textOf, type QueueKind } from "./queue-place.ts";

/** Pushing, taking, waiting, limits. */
export function queueBasics({ place: makePlace, isShared }: QueueKind): void {
  test("push() and take() hand on bytes as they are, in the order of arrival", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    const values = [
      [],
      [0, 255, 10, 13],
      [...bytes("ü")],
      Array.from({ length: 300_000 }, () => 7),
    ];
    for (const value of values) await queue.push({ value: Uint8Array.from(value) });
    const jobs = await takeAll(queue, values.length);
    expect(jobs.map(({ value }) => [...value])).toEqual(values);
    expect(await queue.take()).toEqual([]);
  });

  test("pushMany() answers in the order of its jobs; take() gives at most max", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    const texts = Array.from({ length: 50 }, (_, index) => `job ${index}`);
    const pushed = await queue.pushMany(texts.map((text) => ({ value: bytes(text) })));
    expect(new Set(pushed.map(({ id }) => id)).size).toBe(50);
    const first = await queue.take({ max: 20, leaseMs: LONG_MS, waitMs: LONG_MS });
    expect(first.length).toBeLessThanOrEqual(20);
    const rest = await takeAll(queue, 50 - first.length);
    expect([...first, ...rest].map(textOf)).toEqual(texts);
  });

  test("take() that waits is woken by a push; it gives nothing when its time is over", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    const taking = queue.take({ waitMs: LONG_MS });
    await pushAll(queue, "wake");
    expect((await taking).map(textOf)).toEqual(["wake"]);
    expect(await queue.take({ waitMs: 20 })).toEqual([]);
  });

  test("take() gives each of those who wait one job, and none twice", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    const takers = Array.from({ length: 3 }, () => queue.take({ max: 10, waitMs: LONG_MS }));
    await pushAll(queue, "a", "b", "c");
    const jobs = await Promise.all(takers);
    expect(jobs.flat().map(textOf).toSorted()).toEqual(["a", "b", "c"]);
  });

  test("take() rejects when its signal aborts, and takes no job with it", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    const control = new AbortController();
    const taking = thrownBy(queue.take({ waitMs: Infinity, signal: control.signal }));
    control.abort(new Error("enough"));
    expect(await taking).toHaveProperty("message", "enough");
    await pushAll(queue, "still here");
    expect((await takeAll(queue, 1)).map(textOf)).toEqual(["still here"]);
  });

  test("close() ends who waits; calls after it fail", async () => {
    await using place = await makePlace();
    const queue = await place.open();
    const taking = thrownBy(queue.take({ waitMs: Infinity }));
    await queue.close();
    expect(await taking).toHaveProperty("code", "service.stopping");
    const push = thrownBy(queue.push({ value: bytes("x") }));
    expect(await push).toHaveProperty("code", "state.invalid");
  });

  test("push() refuses what is too large, and more than maxLength, all or none", async () => {
    await using place = await makePlace();
    await using queue = await place.open({ maxLength: 3, maxValueBytes: 10 });
    const large = thrownBy(queue.push({ value: new Uint8Array(11) }));
    expect(await large).toHaveProperty("code", "usage.invalid-input");
    await pushAll(queue, "1", "2");
    expect(await thrownBy(pushAll(queue, "3", "4"))).toHaveProperty("code", "queue.full");
    expect(await queue.stats()).toMatchObject({ length: 2 });
    await pushAll(queue, "3");
    expect(await thrownBy(pushAll(queue, "4"))).toHaveProperty("code", "queue.full");
  });

  test("stats() counts, purge() throws away what waits and gives the number", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "1", "2");
    expect(await queue.stats()).toMatchObject({ length: 2, ready: 2, dead: 0 });
    expect(await queue.purge()).toBe(2);
    expect(await queue.take()).toEqual([]);
    expect(await queue.stats()).toMatchObject({ length: 0, ready: 0 });
  });

  if (!isShared) return;

  test("take() of several connections gives each job once, also to those who wait", async () => {
    await using place = await makePlace();
    await using producer = await place.open();
    await using one = await place.open();
    await using other = await place.open();
    const seen: string[] = [];
    const drain = async (queue: typeof one): Promise<void> => {
      while (seen.length < 300) {
        const jobs = await queue.take({ max: 7, leaseMs: LONG_MS, waitMs: 100 });
        seen.push(...jobs.map(textOf));
      }
    };
    const draining = [drain(one), drain(other)];
    const texts = Array.from({ length: 300 }, (_, index) => `${index}`);
    for (let at = 0; at < 300; at += 10) await pushAll(producer, ...texts.slice(at, at + 10));
    await until(() => seen.length >= 300, { what: () => `300 jobs, have ${seen.length}` });
    await Promise.all(draining);
    expect(seen.toSorted()).toEqual(texts.toSorted());
  });

  test("open() again finds what was pushed before", async () => {
    await using place = await makePlace();
    await using first = await place.open();
    await pushAll(first, "kept");
    await first.close();
    await using again = await place.open();
    expect((await takeAll(again, 1)).map(textOf)).toEqual(["kept"]);
  });
}
