import { expect, test } from "bun:test";
import { thrownBy } from "../support/thrown-by.ts";
import { until } from "../support/until.ts";
import {
  bytes,
  LONG_MS,
  pushAll,
  RENEWED_MS,
  SHORT_MS,
  takeAll,
  takeOne,
  textOf,
  type QueueKind,
} from "./queue-place.ts";

/** Leases: one at a time, renewed, ended, fenced. */
export function queueLeases({ place: makePlace, can }: QueueKind): void {
  test("ack() is the end of a job; a second one finds no lease", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "once");
    const job = await takeOne(queue);
    expect(job).toMatchObject({ attempt: 1, reasons: [] });
    await queue.ack(job);
    expect(await queue.stats()).toMatchObject({ length: 0, leased: 0 });
    expect(await thrownBy(queue.ack(job))).toHaveProperty("code", "lease.expired");
  });

  test("ack() of jobs that were taken together: each once, in any order, alone or with others", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "a", "b", "c", "d");
    const [a, b, c, d] = await takeAll(queue, 4);
    if (!a || !b || !c || !d) throw new Error("Got too few jobs");
    await queue.ack(b);
    expect(await thrownBy(queue.ack(b))).toHaveProperty("code", "lease.expired");
    await Promise.all([queue.extend(c), queue.ack(c), queue.ack(d)]);
    expect(await thrownBy(queue.ack(d))).toHaveProperty("code", "lease.expired");
    const left = { length: 1, leased: 1 };
    await until(async () => (await queue.stats()).length === 1, { what: "one job" });
    expect(await queue.stats()).toMatchObject(left);
    await queue.ack(a);
  });

  test("take() gives a job again when its lease has ended, as another attempt", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    const { id } = await queue.push({ value: bytes("again") });
    const first = await takeOne(queue, SHORT_MS);
    const second = await takeOne(queue);
    expect(second).toMatchObject({ id, attempt: 2 });
    expect(textOf(second)).toBe("again");
    expect(second.receipt).not.toBe(first.receipt);
  });

  test("a lease that has ended cannot ack, extend, retry, release or give up: lease.expired", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "fenced");
    const old = await takeOne(queue, SHORT_MS);
    const now = await takeOne(queue);
    const calls = [queue.ack(old), queue.extend(old), queue.retry(old), queue.release(old)];
    const dead = can.includes("dead") ? [queue.deadLetter(old, "no")] : [];
    for (const error of await Promise.all([...calls, ...dead].map(thrownBy))) {
      expect(error).toMatchObject({ code: "lease.expired", details: { id: old.id } });
    }
    await queue.ack(now);
    expect(await queue.stats()).toMatchObject({ length: 0, dead: 0 });
  });

  test("extend() keeps a job away from others", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "mine");
    const job = await takeOne(queue, RENEWED_MS);
    await queue.extend(job, LONG_MS);
    expect(await queue.take({ waitMs: RENEWED_MS + SHORT_MS })).toEqual([]);
    await queue.ack(job);
  });

  test("release() gives a job back at once", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "back");
    await queue.release(await takeOne(queue));
    const again = await takeOne(queue);
    expect(textOf(again)).toBe("back");
    await queue.ack(again);
  });

  test("retry() gives it again with its reasons, after its delay", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "try");
    const startedMs = performance.now();
    const delayMs = can.includes("delay") ? SHORT_MS : 0;
    const first = await takeOne(queue);
    expect(await queue.retry(first, { delayMs, reason: "no luck" })).toBe("retried");
    const second = await takeOne(queue);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(delayMs - 20);
    expect(second).toMatchObject({ id: first.id, attempt: 2, reasons: ["no luck"] });
    await queue.ack(second);
  });

  test("stats() tells ready from leased", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "1", "2");
    const job = await takeOne(queue);
    expect(await queue.stats()).toMatchObject({ length: 2, ready: 1, leased: 1 });
    await queue.ack(job);
    const isOne = async (): Promise<boolean> => (await queue.stats()).length === 1;
    await until(isOne, { what: "one job" });
  });
}
