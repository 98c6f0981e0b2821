import { expect, test } from "bun:test";
import { silentLogger } from "../../../../src/core/log.ts";
import type { ModelVersion } from "../../../../src/serve/host/model-version.ts";
import { Scaler } from "../../../../src/serve/host/scaler.ts";
import { FakeClock } from "../../../support/fake-clock.ts";

test("Scaler takes back a worker that does not start, and asks again when the load goes on", async () => {
  const clock = new FakeClock();
  const asked: number[] = [];
  const model = {
    label: "busy",
    pressure: { generation: {}, workers: 1, busy: 1, queued: 5 },
    expand: (extra: number) => {
      asked.push(extra);
      return extra > 0 ? Promise.reject(new Error("no room")) : Promise.resolve();
    },
  } as unknown as ModelVersion;
  using _scaler = new Scaler({
    numWorkerExpanded: 2,
    busyUtilThreshold: 0.9,
    durationExpand: 2_000,
    durationSqueeze: 2_000,
    models: () => [model],
    clock,
    log: silentLogger,
  });
  await clock.play(6_000);
  expect(asked.slice(0, 4)).toEqual([1, 0, 1, 0]);
});
