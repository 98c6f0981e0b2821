import { expect, test } from "bun:test";
import { LEASE_ENDED } from "../../src/broker/job.ts";
import { until } from "../support/until.ts";
import {
  bytes,
  pushAll,
  SHORT_MS,
  takeAll,
  takeOne,
  textOf,
  type QueueKind,
} from "./queue-place.ts";

/** The list of those that nobody tries any more. */
export function queueDeadLetters({ place: makePlace, can }: QueueKind): void {
  test("retry() of the last attempt moves a job to the dead ones, with all reasons", async () => {
    await using place = await makePlace();
    await using queue = await place.open({ maxAttempts: 2 });
    const { id } = await queue.push({ value: bytes("poison") });
    expect(await queue.retry(await takeOne(queue), { delayMs: 0, reason: "first" })).toBe(
      "retried",
    );
    expect(await queue.retry(await takeOne(queue), { delayMs: 0, reason: "second" })).toBe("dead");
    expect(await queue.stats()).toMatchObject({ length: 0, dead: 1 });
    const [dead] = await queue.dead();
    expect(dead).toMatchObject({ id, attempt: 2, reasons: ["first", "second"] });
    expect(dead && textOf(dead)).toBe("poison");
    expect(await queue.take()).toEqual([]);
  });

  test("a lease that ends counts as an attempt: a job that kills its workers dies too", async () => {
    await using place = await makePlace();
    await using queue = await place.open({ maxAttempts: 2 });
    await pushAll(queue, "killer");
    await takeOne(queue, SHORT_MS);
    expect(await takeOne(queue, SHORT_MS)).toHaveProperty("attempt", 2);
    const isDead = async (): Promise<boolean> => {
      await queue.take();
      return (await queue.stats()).dead === 1;
    };
    await until(isDead, { what: "the job among the dead" });
    expect((await queue.dead())[0]?.reasons.at(-1)).toBe(LEASE_ENDED);
  });

  test("deadLetter() gives up at once; redrive() makes them ready, with all attempts before them", async () => {
    await using place = await makePlace();
    await using queue = await place.open({ maxAttempts: 1 });
    const extra = can.includes("key") ? { key: "kept" } : {};
    const first = await queue.push({ value: bytes("one"), ...extra });
    const second = await queue.push({ value: bytes("two") });
    await queue.deadLetter(await takeOne(queue), "bad");
    await queue.deadLetter(await takeOne(queue), "worse");
    expect((await queue.dead()).map(({ id }) => id)).toEqual([first.id, second.id]);
    expect((await queue.dead(1)).length).toBe(1);
    expect(await queue.redrive([second.id, "no such job"])).toBe(1);
    expect(await takeOne(queue)).toMatchObject({ id: second.id, attempt: 1 });
    expect(await queue.redrive()).toBe(1);
    expect(await takeOne(queue)).toMatchObject({ id: first.id, attempt: 1, ...extra });
    expect(await queue.stats()).toMatchObject({ dead: 0, length: 2, leased: 2 });
  });

  test("redrive() puts jobs behind those that wait, in the order in which they died", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "first", "second");
    const first = await takeOne(queue);
    await queue.deadLetter(await takeOne(queue), "bad");
    await queue.deadLetter(first, "worse");
    await pushAll(queue, "third");
    expect(await queue.redrive()).toBe(2);
    const texts = (await takeAll(queue, 3)).map(textOf);
    expect(texts).toEqual(["third", "second", "first"]);
  });

  test('purge("dead") throws away the dead ones only', async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    await pushAll(queue, "dead", "alive");
    await queue.deadLetter(await takeOne(queue), "bad");
    expect(await queue.purge("dead")).toBe(1);
    expect(await queue.dead()).toEqual([]);
    expect(textOf(await takeOne(queue))).toBe("alive");
  });
}
