import { expect, test } from "bun:test";
import type { Lease } from "../../../../src/broker/job.ts";
import type { Step } from "../../../../src/broker/redis/calls.ts";
import { FreshJob, Reading, sortSteps } from "../../../../src/broker/redis/receipts.ts";

const ack = (lease: Lease): Step => ({ what: "a", lease, ms: 0, reason: "" });
const extend = (lease: Lease): Step => ({ what: "x", lease, ms: 1_000, reason: "" });
const first = new Reading("0", "c.1.1");
const second = new Reading("-5", "c.2.7");

function job(reading: Reading, place: number): FreshJob {
  const facts = { id: `${place}`, key: undefined, value: new Uint8Array(), pushedAtMs: 9 };
  return new FreshJob({ ...facts, priority: 0, reasons: [], entry: `${place}-9` }, reading, place);
}

test("sortSteps() puts acknowledgements of one reading together, and says whose each answer is", () => {
  const other = { id: "h", receipt: "h:4:0:c.3" };
  const late = job(first, 2);
  const steps = [
    ack(job(first, 61)),
    extend(late),
    ack(job(second, 7)),
    ack(other),
    ack(job(first, 1)),
  ];
  expect(sortSteps(steps)).toEqual({
    acks: [
      ["c.1.1", 2, [2, 0, 2]],
      ["c.2.7", 1, [128]],
    ],
    others: [extend(late), ack(other)],
    owners: [4, 0, 2, 1, 3],
  });
});

test("sortSteps() keeps the order of what is said of one job", () => {
  const done = job(first, 1);
  const twice = sortSteps([ack(done), ack(done)]);
  expect(twice.acks).toEqual([["c.1.1", 1, [2]]]);
  expect(twice.others).toEqual([ack(done)]);
  // An extension before the end must not find that the job is gone.
  const extended = sortSteps([extend(done), ack(done)]);
  expect(extended).toEqual({ acks: [], others: [extend(done), ack(done)], owners: [0, 1] });
});

test("sortSteps() says of a copy of a job what its receipt says", () => {
  const copy: Lease = Object.assign({}, job(second, 3));
  expect(copy.receipt).toBe("s:3-9:-5:c.2.7");
  expect(sortSteps([ack(copy)])).toEqual({ acks: [], others: [ack(copy)], owners: [0] });
});
