import { expect, test } from "bun:test";
import { DingError } from "../../../../src/core/errors.ts";
import { serverStatus } from "../../../../src/serve/page/server-status.ts";
import { answerOne, serverFacts, statisticsOnClock } from "./facts.ts";

const SETTINGS = { batch_size: 8, device_map: [-1], num_worker: 1, port: 8_900 };

interface Status {
  statistic: Record<string, number> & { others: Record<string, Record<string, number>> };
  statistic_postsink: Record<string, number>;
  [name: string]: unknown;
}

function statusOf(on: ReturnType<typeof statisticsOnClock>): Status {
  const facts = (): ReturnType<typeof serverFacts> => serverFacts();
  return serverStatus({ statistics: on.statistics, facts, settings: SETTINGS }) as Status;
}

test("serverStatus() tells the ancestor's names, the settings among them", () => {
  const status = statusOf(statisticsOnClock());
  expect(status).toMatchObject({
    ...SETTINGS,
    num_process: 2,
    num_worker_process: 1,
    num_expanded_worker_process: 0,
    main_batch_size: 8,
    main_device_map: [-1],
  });
  expect(Date.parse(String(status["server_start_time"]))).toBeLessThanOrEqual(Date.now());
  for (const part of [status.statistic, status.statistic_postsink]) {
    for (const name of ["last_two_interval", "request_per_second"]) {
      for (const kind of ["avg", "min", "max", "std", "med"])
        expect(part[`${kind}_${name}`]).toBe(0);
    }
  }
});

test("serverStatus() counts the first request, clients and intervals, and is no request itself", () => {
  const on = statisticsOnClock();
  answerOne(on, { client: "a", queueMs: 0, computeMs: 10, restMs: 0 });
  answerOne(on, { client: "a", queueMs: 0, computeMs: 10, restMs: 0 });
  answerOne(on, { client: "b", queueMs: 0, computeMs: 10, restMs: 0 });
  statusOf(on);
  const { statistic } = statusOf(on);
  expect(statistic).toMatchObject({
    num_data_request: 3,
    num_sys_request: 0,
    num_total_request: 3,
    num_exception: 0,
    num_total_client: 2,
    num_active_client: 2,
    avg_request_per_client: 1.5,
    min_request_per_client: 1,
    max_request_per_client: 2,
    num_min_request_per_client: 1,
    num_max_request_per_client: 1,
    avg_last_two_interval: 10,
  });
  on.clock.advance(180_001);
  expect(statusOf(on).statistic["num_active_client"]).toBe(0);
});

test("serverStatus() tells requests a second in steps of three", () => {
  const on = statisticsOnClock();
  for (let request = 0; request < 60; request++) {
    answerOne(on, { queueMs: 0, computeMs: 100, restMs: 0 });
  }
  const { statistic } = statusOf(on);
  // From 1 to 7 seconds: steps 0 to 3 and 3 to 6 have ended, the first begins at 1.
  expect(statistic["max_request_per_second"]).toBe(10);
});

test("serverStatus() takes failed requests off the queue, and counts them", () => {
  const on = statisticsOnClock();
  const model = on.statistics.model("sum", "1");
  for (const client of ["a", "b", "c"]) model.onArrived(on.clock.now(), client);
  model.onFailed(
    { arrivedMs: on.clock.now(), client: "a", rows: 1 },
    new DingError("task.failed", "Cannot run: broken"),
  );
  expect(statusOf(on).statistic_postsink).toMatchObject({
    num_exception: 1,
    total_job_in_queue: 2,
    maximum_job_in_queue: 3,
    total_processed_job: 1,
  });
});

test("serverStatus() tells how busy workers are, what they could do, and what plugins record", () => {
  const on = statisticsOnClock();
  const model = on.statistics.model("sum", "1");
  on.clock.advance(1_000);
  model.onBatch({ worker: "w0", rows: 10, ms: 500 });
  model.onStatistic({ score: 3 });
  const status = statusOf(on);
  expect(status.statistic_postsink).toMatchObject({ util: 0.5, ideal_maxload: 20 });
  expect(status.statistic.others).toMatchObject({
    sys_batchsize: { avg_stat: 10 },
    sys_predict: { avg_stat: 50 },
    score: { avg_stat: 3, med_stat: 3 },
  });
});
