import { expect, test } from "bun:test";
import { memoryQueue, notesIn, pushValues, startFleet } from "../../support/fleet.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

test("a unit in a busy loop keeps its lease, and its job runs once", async () => {
  await using folder = await tempFolder();
  await using queue = await memoryQueue({ leaseMs: 400 });
  await using _ = await startFleet({ queue, numClient: 2, workers: 2 });
  const to = folder.file("notes");
  await pushValues(queue, { to, n: 1, spinMs: 1_500 });
  await until(async () => (await queue.stats()).length === 0, { what: "an empty queue" });
  expect(notesIn(to).map(({ what }) => what)).toEqual(["begin", "done"]);
});
