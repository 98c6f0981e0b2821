import { expect, test } from "bun:test";
import { UnderWay } from "../../../../src/serve/host/under-way.ts";

test("none() resolves for everybody who waits, once nothing is under way", async () => {
  const underWay = new UnderWay();
  await underWay.none();
  underWay.begin();
  underWay.begin();
  let resolved = 0;
  const waiting = [underWay.none(), underWay.none()].map((none) => none.then(() => resolved++));
  underWay.end();
  await Promise.resolve();
  expect([underWay.count, resolved]).toEqual([1, 0]);
  underWay.end();
  await Promise.all(waiting);
  expect([underWay.count, resolved]).toEqual([0, 2]);
});

test("none() resolves when the deadline has come", async () => {
  const underWay = new UnderWay();
  underWay.begin();
  const deadline = new AbortController();
  const waiting = underWay.none(deadline.signal);
  deadline.abort();
  await waiting;
  await underWay.none(deadline.signal);
  expect(underWay.count).toBe(1);
});
