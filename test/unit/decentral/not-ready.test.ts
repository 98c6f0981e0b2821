import { expect, test } from "bun:test";
import { notReady } from "../../../src/decentral/status.ts";
import { UnitRecord } from "../../../src/decentral/unit-record.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const UP = { state: "running", mode: "running" } as const;
const AWAY = { url: "redis://n1", stats: null, error: "Cannot open queue" };

test("notReady() says why no unit takes jobs: none is up, all wait, or the queue is away", () => {
  const record = new UnitRecord(new FakeClock());
  const reason = (queue?: typeof AWAY): string | undefined =>
    notReady({ ...UP, units: [{ record }], queue });
  expect(reason()).toBe("no unit is up");
  record.away("no server");
  expect(reason()).toBe("every unit waits: no server");
  record.opened();
  expect(reason()).toBeUndefined();
  expect(reason(AWAY)).toBe("the queue is away: Cannot open queue");
  record.began("job-1");
  expect(reason(AWAY)).toBeUndefined();
});
