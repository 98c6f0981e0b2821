import { inTurns, jobsPerSecond } from "../support/rounds.ts";
import { ratioRow, type Row } from "../support/row.ts";
import { Fleet, type Run } from "./fleet.ts";

const COUNT = 52_000;
const IN_FLIGHT = 4;
const TASKS_PER_ROUND = 60;
const ANCESTOR_PER_SECOND = 21;

/** 52,000 doubles to a worker process and back, in two forms. */
export async function* doubles(): AsyncGenerator<Row> {
  await using fleet = await Fleet.start(1, "process");
  const typed = Float64Array.from({ length: COUNT }, (_, index) => index + 0.5);
  yield measure(fleet, "Float64Array", typed);
  yield measure(fleet, "plain array", Array.from(typed));
}

async function measure(fleet: Fleet, form: string, values: Float64Array | number[]): Promise<Row> {
  const rate = (runs: readonly Run[]): Promise<number> =>
    jobsPerSecond(runs, { total: TASKS_PER_ROUND, each: IN_FLIGHT }, async (run) => {
      const back = (await run({ values })) as typeof values;
      const isSame = back.constructor === values.constructor && back.at(-1) === values.at(-1);
      if (!isSame || back.length !== COUNT) throw new Error(`A slave does not echo a ${form}`);
    });
  const compared = await inTurns({
    rounds: 11,
    warmUps: 2,
    limit: () => rate(fleet.bare),
    real: () => rate(fleet.real),
  });
  const id = `52,000 doubles, ${form}`;
  return ratioRow({ id, unit: "/s", peer: ANCESTOR_PER_SECOND, bound: 0.7 }, compared);
}
