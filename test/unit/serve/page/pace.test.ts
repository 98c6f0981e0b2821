import { expect, test } from "bun:test";
import { Pace } from "../../../../src/serve/page/pace.ts";

test("clients() tells who was heard of of late, however many have come and gone", () => {
  const pace = new Pace();
  const lasting = "lasting";
  for (let index = 0; index < 10_500; index++) {
    pace.record(index, `passing-${index}`);
    pace.record(index, lasting);
  }
  expect(pace.clients(10_500)).toMatchObject({ total: 10_501, active: 10_000, max: 10_500 });
  const laterMs = 1_000_000;
  pace.record(laterMs, "new");
  pace.record(laterMs, lasting);
  expect(pace.clients(laterMs)).toMatchObject({ total: 10_502, active: 2, max: 10_501, atMax: 1 });
});
