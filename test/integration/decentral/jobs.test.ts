import { expect, test } from "bun:test";
import { memoryQueue, notesIn, pushValues, startFleet } from "../../support/fleet.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const isEmpty = async (queue: { stats(): Promise<{ length: number }> }): Promise<boolean> =>
  (await queue.stats()).length === 0;

test("Fleet does every job once, spread over units and processes", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue();
  await using fleet = await startFleet({ queue, numClient: 4, workers: 2 });
  const to = folder.file("notes");
  await pushValues(queue, ...Array.from({ length: 100 }, (_, n) => ({ to, n, ms: 5 })));
  await until(() => isEmpty(queue), { what: "an empty queue" });
  const done = notesIn(to).filter(({ what }) => what === "done");
  expect(done.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: 100 }, (_, n) => n),
  );
  expect(new Set(done.map(({ unit }) => unit)).size).toBe(4);
  expect(new Set(done.map(({ pid }) => pid)).size).toBe(2);
  await until(() => (fleet.status()["jobs"] as { done: number }).done === 100, {
    what: "the count",
  });
  const told = (): unknown => fleet.status()["queue"];
  await until(() => (told() as { stats?: { length?: number } }).stats?.length === 0, {
    what: "a look at the queue",
  });
  expect(told()).toMatchObject({ stats: { ready: 0, oldestMs: null } });
});

test("Fleet tries again what throws, and gives up after the last try or at once", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue({ maxAttempts: 3 });
  await using fleet = await startFleet({ queue });
  const to = folder.file("notes");
  await pushValues(
    queue,
    { to, n: 1, failUntil: 2 },
    { to, n: 2, failUntil: 9 },
    { to, n: 3, giveUp: true },
  );
  await until(() => isEmpty(queue), { what: "an empty queue" });
  const dead = (await queue.dead()).map(({ reasons }) => reasons);
  expect(dead).toContainEqual(["it is hopeless"]);
  expect(dead).toContainEqual(["failed at try 1", "failed at try 2", "failed at try 3"]);
  expect(dead).toHaveLength(2);
  await until(() => (fleet.status()["jobs"] as { dead: number }).dead === 2, { what: "counts" });
  expect(fleet.status()["jobs"]).toEqual({ done: 1, retried: 4, dead: 2, failed: 0, released: 0 });
});

test("a job that is no JSON is dead at once, and says why", async () => {
  await using queue = await memoryQueue();
  await using _ = await startFleet({ queue });
  await queue.push({ value: new TextEncoder().encode("{no json") });
  await until(async () => (await queue.stats()).dead === 1, { what: "the dead letter" });
  const [job] = await queue.dead();
  expect(job?.reasons).toHaveLength(1);
  expect(job?.reasons[0]).toStartWith("Cannot read the job: it is no JSON");
});

test("a job that kills its process dies alone, and its neighbours are done", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue({ maxAttempts: 3 });
  await using fleet = await startFleet({ queue, numClient: 4, workers: 1 });
  const to = folder.file("notes");
  const good = Array.from({ length: 8 }, (_, n) => ({ to, n, ms: 300 }));
  await pushValues(queue, ...good.slice(0, 3), { to, n: 99, kill: true }, ...good.slice(3));
  await until(() => isEmpty(queue), { what: "an empty queue", timeoutMs: 25_000 });
  const dead = await queue.dead();
  expect(dead).toHaveLength(1);
  expect(dead[0]?.reasons).toEqual([
    "The worker process died with it: it was killed by SIGKILL",
    "The worker process died with it: it was killed by SIGKILL",
    "The worker process died with it: it was killed by SIGKILL",
  ]);
  const done = notesIn(to).filter(({ what }) => what === "done");
  expect(new Set(done.map(({ n }) => n)).size).toBe(8);
  expect(fleet.status()["crashes"]).toBe(3);
});

test("close() waits for the job under way; without grace it aborts it and gives it back", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue();
  const to = folder.file("notes");
  {
    await using fleet = await startFleet({ queue });
    await pushValues(queue, { to, n: 1, ms: 300 });
    await until(() => notesIn(to).length === 1, { what: "the job to begin" });
    await fleet.close();
    expect(notesIn(to).map(({ what }) => what)).toEqual(["begin", "done"]);
  }
  await using fleet = await startFleet({ queue });
  await pushValues(queue, { to, n: 2, untilAborted: true });
  await until(() => notesIn(to).length === 3, { what: "the next job to begin" });
  await fleet.close(0);
  await until(() => notesIn(to).at(-1)?.what === "aborted", { what: "the unit to hear of it" });
  expect(await queue.stats()).toMatchObject({ ready: 1, leased: 0 });
});
