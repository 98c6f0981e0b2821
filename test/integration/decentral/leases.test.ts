import { expect, test } from "bun:test";
import { memoryQueue, notesIn, pushValues, startFleet } from "../../support/fleet.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

test("a unit in a busy loop keeps its lease, and its job runs once", async () => {
  await using folder = await tempFolder();
  // Renewed in time, also where this process is held up.
  await using queue = await memoryQueue({ leaseMs: 1_500 });
  await using _ = await startFleet({ queue, numClient: 2, workers: 2 });
  const to = folder.file("notes");
  await pushValues(queue, { to, n: 1, spinMs: 3_000 });
  await until(async () => (await queue.stats()).length === 0, { what: "an empty queue" });
  expect(notesIn(to).map(({ what }) => what)).toEqual(["begin", "done"]);
});

test("a job that is late is ended, also in a busy loop, and tried again", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue({ maxAttempts: 2 });
  await using fleet = await startFleet({ queue, jobTimeoutMs: 200 });
  const to = folder.file("notes");
  await pushValues(queue, { to, n: 1, untilAborted: true }, { to, n: 2, spinMs: 60_000 });
  await until(async () => (await queue.stats()).length === 0, {
    what: "an empty queue",
    timeoutMs: 20_000,
  });
  const notes = notesIn(to).map(({ what, n }) => `${n} ${what}`);
  expect(notes.filter((note) => note === "1 aborted")).toHaveLength(2);
  const late = "The job took longer than 200 ms";
  expect((await queue.dead()).map(({ reasons }) => reasons)).toContainEqual([late, late]);
  expect(fleet.status()["crashes"]).toBe(2);
});

test("idle() ends the process of a unit that does not let go, and its job goes back", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue();
  await using fleet = await startFleet({ queue, drainTimeoutMs: 100 });
  const to = folder.file("notes");
  await pushValues(queue, { to, n: 1, spinMs: 60_000 });
  await until(() => notesIn(to).length === 1, { what: "the job to begin" });
  await fleet.idle();
  expect(await queue.stats()).toMatchObject({ ready: 1, leased: 0 });
  await until(() => fleet.status()["crashes"] === 1, { what: "the process to be replaced" });
  expect(fleet.facts().units).toEqual([]);
});
