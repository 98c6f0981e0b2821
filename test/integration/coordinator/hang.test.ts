import { expect, test } from "bun:test";
import { defineLearner } from "../../../src/index.ts";
import { joinWorker, lineRun, startCoordinator } from "../../support/coordinator-run.ts";
import { lineCollector, lineLearner } from "../../support/coordinator-workers.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 30_000 };

test("code that hangs is given up after its lease, and its task done by another", async () => {
  await using folder = await tempFolder();
  const config = lineRun({ evalInterval: 1_000 });
  config.system = { coordinator: { leaseTimeout: 1, snapshotInterval: 1_000_000 } };
  await using coordinator = await startCoordinator(folder.path, { config });
  const join = [coordinator.address];
  const hang = Promise.withResolvers<void>();
  await using _hang = { [Symbol.asyncDispose]: async () => hang.resolve() };
  let starts = 0;
  const stuck = defineLearner({
    async learn({ weights, report }) {
      starts += 1;
      await weights.publish(new TextEncoder().encode("1"));
      report({ learnerStep: 1 });
      await hang.promise;
    },
  });
  await using _one = await joinWorker(stuck, { name: "stuck", join });
  await using _collector = await joinWorker(lineCollector(), { name: "c1", join });
  await until(() => coordinator.facts().counters.learnerStep === 1, PATIENT);
  await using _two = await joinWorker(lineLearner(), { name: "l2", join });
  await until(() => coordinator.facts().counters.learnerStep > 5, PATIENT);
  // Nothing else runs beside what hangs.
  expect(starts).toBe(1);
});
