import { expect, test } from "bun:test";
import { defineCollector, defineLearner, sampleToInsertRatio } from "../../../src/index.ts";
import { joinWorker, lineRun, startCoordinator } from "../../support/coordinator-run.ts";
import { lineCollector, lineLearner } from "../../support/coordinator-workers.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 30_000 };

test.each([
  ["faster collectors", 0, 4],
  ["a faster learner", 4, 0],
] as const)(
  "the limiter keeps samples per insert where they belong, with %s",
  async (_, collectMs, learnMs) => {
    await using folder = await tempFolder();
    const config = lineRun();
    const limiter = sampleToInsertRatio({
      samplesPerInsert: 4,
      minSizeToSample: 8,
      errorBuffer: 32,
    });
    config.main.replay = { tables: [{ name: "train", maxSize: 1_000, limiter }] };
    await using coordinator = await startCoordinator(folder.path, { config });
    const join = [coordinator.address];
    await using _one = await joinWorker(lineCollector({ pauseMs: collectMs }), {
      name: "c1",
      join,
    });
    await using _two = await joinWorker(lineLearner({ batch: 4, pauseMs: learnMs }), {
      name: "l1",
      join,
    });
    const stats = () => coordinator.facts().buffers[0]?.stats;
    await until(() => (stats()?.inserted ?? 0) > 150, PATIENT);
    const now = stats();
    expect(Math.abs((now?.diff ?? Infinity) - 4 * 8)).toBeLessThanOrEqual(32);
    // Whoever is too fast waits there, and nothing else piles up.
    expect(coordinator.facts().buffers[0]?.waiting ?? 99).toBeLessThanOrEqual(8 + 1);
  },
);

test("nothing is sampled that is older than maxStaleness, by the version that collectors acted with", async () => {
  await using folder = await tempFolder();
  const config = lineRun();
  config.main.replay = { tables: [{ name: "train", maxSize: 1_000, maxStaleness: 2 }] };
  await using coordinator = await startCoordinator(folder.path, { config });
  const join = [coordinator.address];
  let worst = 0;
  let newest = 0;
  const learner = defineLearner({
    async learn({ weights, replay, draining, report }) {
      for (let step = 1; !draining.aborted; step++) {
        newest = await weights.publish(new TextEncoder().encode(`${step}`));
        const { versions } = await replay.sample(4, { signal: draining, policyVersion: newest });
        for (const version of Array.from(versions)) worst = Math.max(worst, newest - version);
        report({ learnerStep: step });
      }
    },
  });
  await using _one = await joinWorker(lineCollector(), { name: "c1", join });
  await using _two = await joinWorker(learner, { name: "l1", join });
  await until(() => coordinator.facts().counters.learnerStep > 30, PATIENT);
  expect(worst).toBeLessThanOrEqual(2);
  const { inserted, expired, evicted, exhausted, deleted, lost, size } =
    coordinator.facts().buffers[0]?.stats ?? ({} as never);
  expect(expired).toBeGreaterThan(0);
  const metrics = await (await fetch(`${coordinator.url}/metrics`)).text();
  const gone = /^ding_coordinator_buffer_gone_total\{.*how="expired"\} (\d+)$/m.exec(metrics);
  expect(Number(gone?.[1])).toBeGreaterThanOrEqual(expired);
  expect(inserted).toBe(size + expired + evicted + exhausted + deleted + lost);
});

test("a collector that nobody samples from waits at the limiter; the run can still be ended at once", async () => {
  await using folder = await tempFolder();
  const config = lineRun();
  const limiter = { samplesPerInsert: 1, minSizeToSample: 1, minDiff: 0, maxDiff: 100 };
  config.main.replay = { tables: [{ name: "train", maxSize: 1_000, limiter }] };
  const coordinator = await startCoordinator(folder.path, { config });
  const join = [coordinator.address];
  let asked = 0;
  const flood = defineCollector({
    async collect({ replay, draining }) {
      const inserts: Promise<unknown>[] = [];
      for (let at = 0; at < 500 && !draining.aborted; at++) {
        asked += 1;
        inserts.push(replay.insert(Array.from({ length: 10 }, () => ({ at }))));
      }
      await Promise.race([
        Promise.allSettled(inserts),
        new Promise((resolve) => draining.addEventListener("abort", resolve, { once: true })),
      ]);
    },
  });
  const idle = defineLearner({
    learn: ({ draining }) =>
      new Promise<void>((resolve) =>
        draining.addEventListener("abort", () => resolve(), { once: true }),
      ),
  });
  await using _one = await joinWorker(flood, { name: "c1", join });
  await using _two = await joinWorker(idle, { name: "l1", join });
  await until(() => (coordinator.facts().buffers[0]?.stats.inserted ?? 0) >= 100, PATIENT);
  await until(() => asked === 500, PATIENT);
  const [buffer] = coordinator.facts().buffers;
  expect(buffer?.stats.inserted).toBeLessThanOrEqual(101);
  // The rest waits in the worker, which waits for it.
  expect(buffer?.waiting ?? 99).toBeLessThanOrEqual(8);
  await coordinator.close();
  expect(coordinator.state).toBe("stopped");
});
