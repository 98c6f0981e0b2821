import { expect, test } from "bun:test";
import { GiveUp, NotTried } from "../../src/broker/verdicts.ts";
import { until } from "../support/until.ts";
import { pushAll, RENEWED_MS, SHORT_MS, textOf, type QueueKind } from "./queue-place.ts";

const FAST = { minMs: 1, maxMs: 5, jitter: 0 };

/** The loop around it all. */
export function queueSubscribe({ place: makePlace, can }: QueueKind): void {
  test("subscribe() does every job, at most so many at a time, and is done with them", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    const done: string[] = [];
    let running = 0;
    let most = 0;
    const work = async (job: { value: Uint8Array }): Promise<void> => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      done.push(textOf(job));
    };
    await using subscription = await queue.subscribe(work, { concurrency: 3 });
    const texts = Array.from({ length: 40 }, (_, index) => `${index}`);
    await pushAll(queue, ...texts);
    const isEmpty = async (): Promise<boolean> => (await queue.stats()).length === 0;
    await until(isEmpty, { what: "an empty queue" });
    await subscription.close();
    expect(done.toSorted()).toEqual(texts.toSorted());
    expect(most).toBeLessThanOrEqual(3);
  });

  test("pause() takes no more, resume() goes on", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    const done: string[] = [];
    await using subscription = await queue.subscribe((job) => done.push(textOf(job)));
    await pushAll(queue, "1");
    await until(() => done.length === 1, { what: "the first job" });
    subscription.pause();
    await pushAll(queue, "2");
    expect(await queue.stats()).toMatchObject({ ready: 1 });
    expect(done).toEqual(["1"]);
    subscription.resume();
    await until(() => done.length === 2, { what: "the second job" });
  });

  if (!can.includes("lease")) return;

  test("subscribe() renews the lease of long work, and runs it once", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    const attempts: number[] = [];
    const { promise: isDone, resolve: done } = Promise.withResolvers<void>();
    const work = async (job: { attempt: number }): Promise<void> => {
      attempts.push(job.attempt);
      await isDone;
    };
    await using first = await queue.subscribe(work, { leaseMs: RENEWED_MS });
    await pushAll(queue, "long");
    await until(() => attempts.length === 1, { what: "the work to begin" });
    expect(await queue.take({ waitMs: RENEWED_MS + SHORT_MS })).toEqual([]);
    done();
    await first.close();
    expect(attempts).toEqual([1]);
    expect(await queue.stats()).toMatchObject({ length: 0 });
  });

  test("subscribe() tries again what throws, and gives up after the last attempt", async () => {
    await using place = await makePlace();
    await using queue = await place.open({ maxAttempts: 3, backoff: FAST });
    const attempts: number[] = [];
    await using _ = await queue.subscribe((job) => {
      attempts.push(job.attempt);
      throw new Error(`failed ${job.attempt}`);
    });
    await pushAll(queue, "bad");
    await until(async () => (await queue.stats()).length === 0, { what: "the last attempt" });
    expect(attempts).toEqual([1, 2, 3]);
    if (!can.includes("dead")) return;
    expect((await queue.dead())[0]?.reasons).toEqual(["failed 1", "failed 2", "failed 3"]);
  });

  test("close() waits for what runs; without grace it aborts it and gives it back", async () => {
    await using place = await makePlace();
    await using queue = await place.open();
    let aborted = false;
    let begun = 0;
    const subscription = await queue.subscribe(async (_, { signal }) => {
      begun++;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      aborted = true;
    });
    await pushAll(queue, "endless");
    await until(() => begun === 1, { what: "the work to begin" });
    await subscription.close(0);
    await until(() => aborted, { what: "the work to hear of it" });
    const [job] = await queue.take({ waitMs: 5_000 });
    expect(job && textOf(job)).toBe("endless");
  });

  test("subscribe() gives back what was not tried, and tells the fate of each job", async () => {
    await using place = await makePlace();
    await using queue = await place.open({ maxAttempts: 2, backoff: FAST });
    const fates: string[] = [];
    let tries = 0;
    await using _ = await queue.subscribe(
      (job) => {
        if (textOf(job) === "good") return;
        if (++tries < 4) throw new NotTried("nobody is there");
        throw can.includes("dead") ? new GiveUp("hopeless") : new NotTried("still");
      },
      { onSettled: (job, fate) => void fates.push(`${textOf(job)} ${fate}`) },
    );
    await pushAll(queue, "good");
    await until(() => fates.length === 1, { what: "the good job" });
    await pushAll(queue, "bad");
    await until(() => fates.length >= 5, { what: "the bad one" });
    const [good, ...bad] = fates;
    expect(good).toBe("good done");
    expect(bad.slice(0, 3)).toEqual(["bad released", "bad released", "bad released"]);
    if (!can.includes("dead")) return;
    expect(bad[3]).toBe("bad dead");
    expect(await queue.dead()).toMatchObject([{ reasons: ["hopeless"] }]);
  });
}
