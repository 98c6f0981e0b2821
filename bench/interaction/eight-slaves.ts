import type { Isolate } from "../support/ding.ts";
import { inTurns, jobsPerSecond } from "../support/rounds.ts";
import { ratioRow, type Row } from "../support/row.ts";
import { Fleet, type Run } from "./fleet.ts";

const SLAVES = 8;
const IN_FLIGHT_EACH = 64;
const TASKS_PER_ROUND = 20_000;
const ANCESTOR_PER_SECOND = 596;

/** Small tasks from one master to eight slaves, as many in flight on both sides. */
export async function eightSlaves(isolate: Isolate): Promise<Row> {
  await using fleet = await Fleet.start(SLAVES, isolate);
  const rate = (runs: readonly Run[]): Promise<number> =>
    jobsPerSecond(runs, { total: TASKS_PER_ROUND, each: IN_FLIGHT_EACH }, async (run, index) => {
      const sum = await run({ a: index, b: 1 });
      if (sum !== index + 1) throw new Error(`A slave says ${index} + 1 = ${String(sum)}`);
    });
  const compared = await inTurns({
    rounds: 11,
    warmUps: 2,
    limit: () => rate(fleet.bare),
    real: () => rate(fleet.real),
  });
  const id = `${SLAVES} slaves, isolate ${isolate}`;
  return ratioRow({ id, unit: "/s", peer: ANCESTOR_PER_SECOND, bound: 0.45 }, compared);
}
