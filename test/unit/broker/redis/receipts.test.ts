import { expect, test } from "bun:test";
import type { Step } from "../../../../src/broker/redis/calls.ts";
import { sortSteps } from "../../../../src/broker/redis/receipts.ts";

const ack = (receipt: string): Step => ["a", receipt, 0, ""];
const extend = (receipt: string): Step => ["x", receipt, 1_000, ""];

test("sortSteps() puts acknowledgements of one taking together, and says whose each answer is", () => {
  const steps = [
    ack("s:1-9:0:c.1.1"),
    extend("s:3-9:0:c.1.1"),
    ack("s:7-9:-5:c.2.7"),
    ack("h:4:0:c.3"),
    ack("s:2-9:0:c.1.1"),
  ];
  expect(sortSteps(steps)).toEqual({
    acks: [
      ["0", "c.1.1", ["1-9", "2-9"]],
      ["-5", "c.2.7", ["7-9"]],
    ],
    others: [extend("s:3-9:0:c.1.1"), ack("h:4:0:c.3")],
    owners: [0, 4, 2, 1, 3],
  });
});

test("sortSteps() keeps the order of what is said of one job", () => {
  const twice = sortSteps([ack("s:1-9:0:c.1.1"), ack("s:1-9:0:c.1.1")]);
  expect(twice.acks).toEqual([["0", "c.1.1", ["1-9"]]]);
  expect(twice.others).toEqual([ack("s:1-9:0:c.1.1")]);
  // An extension before the end must not find that the job is gone.
  const extended = sortSteps([extend("s:1-9:0:c.1.1"), ack("s:1-9:0:c.1.1")]);
  expect(extended).toEqual({
    acks: [],
    others: [extend("s:1-9:0:c.1.1"), ack("s:1-9:0:c.1.1")],
    owners: [0, 1],
  });
});
