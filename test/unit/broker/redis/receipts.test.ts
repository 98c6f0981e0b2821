import { expect, test } from "bun:test";
import type { Lease } from "../../../../src/broker/job.ts";
import type { Step } from "../../../../src/broker/redis/calls.ts";
import { ackOf, ReadJob, Reading, sortSteps } from "../../../../src/broker/redis/receipts.ts";

const NOW_MS = 100;
const ENDS_MS = 200;

const ack = (lease: Lease): Step => ({ what: "a", lease, ms: 0, reason: "" });
const extend = (lease: Lease): Step => ({ what: "x", lease, ms: 1_000, reason: "" });

function reading(token: string, size: number): Reading {
  return new Reading({ priority: "-5", token, size, endsAtMs: ENDS_MS });
}

function job(of: Reading, place: number): ReadJob {
  const facts = { id: `${place}`, key: undefined, value: new Uint8Array(), pushedAtMs: 9 };
  return new ReadJob({ ...facts, priority: -5, reasons: [], number: 7 + place }, of, place);
}

test("sortSteps() puts acknowledgements of one reading together, and says whose each answer is", () => {
  const [first, second] = [reading("c.1.1", 63), reading("c.2.7", 2)];
  const other = { id: "h", receipt: "h:4:0:c.3" };
  const steps = [job(first, 61), job(second, 1), job(first, 1), other, job(second, 0)].map(ack);
  const { acked, others, owners } = sortSteps(steps, NOW_MS);
  expect(acked.map(({ places }) => places)).toEqual([
    [
      { place: 1, owner: 2 },
      { place: 61, owner: 0 },
    ],
    [
      { place: 0, owner: 4 },
      { place: 1, owner: 1 },
    ],
  ]);
  expect(others).toEqual([ack(other)]);
  expect(owners).toEqual([3]);
  expect(acked.map(ackOf)).toEqual([
    ["c.1.1", 2, `01${"0".repeat(59)}1`, 0],
    ["c.2.7", 2, "11", 1],
  ]);
});

test("marks has all that is done, until forget() takes back what nobody has heard", () => {
  const all = reading("c.1.1", 3);
  sortSteps([ack(job(all, 0)), ack(job(all, 2))], NOW_MS);
  expect(all.marks).toBe("101");
  all.forget(2);
  expect(all.marks).toBe("100");
  expect(all.isDone).toBe(false);
  sortSteps([ack(job(all, 1)), ack(job(all, 2))], NOW_MS);
  expect(all.isDone).toBe(true);
});

test("sortSteps() says of a job by its receipt what is said twice, late, or after more than an end", () => {
  const twice = reading("c.1.1", 3);
  const done = job(twice, 1);
  const again = sortSteps([ack(done), ack(done), ack(job(twice, 2))], NOW_MS);
  expect(again.acked.map(({ places }) => places)).toEqual([[{ place: 1, owner: 0 }]]);
  expect(again.owners).toEqual([1, 2]);
  const late = [ack(job(reading("c.2.1", 1), 0))];
  expect(sortSteps(late, ENDS_MS).others).toEqual(late);
  const extended = job(reading("c.3.1", 2), 0);
  const steps = [extend(extended), ack(extended)];
  expect(sortSteps(steps, NOW_MS)).toEqual({ acked: [], others: steps, owners: [0, 1] });
});

test("sortSteps() says of a copy of a job what its receipt says", () => {
  const copy: Lease = Object.assign({}, job(reading("c.2.7", 4), 3));
  expect(copy.receipt).toBe("h:10:-5:c.2.7");
  expect(sortSteps([ack(copy)], NOW_MS)).toMatchObject({ acked: [], others: [ack(copy)] });
});
