import { expect, test } from "bun:test";
import { Link } from "../../../src/link/link.ts";
import { part } from "../../../src/rpc/part.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** A link whose other end may not hear that it closes. */
class DeafLink extends Link {
  readonly log: string[] = [];

  override send(): boolean {
    return true;
  }

  override close(reason: string): void {
    this.log.push(reason);
  }

  override terminate(): void {
    this.log.push("terminated");
    this.ended("terminated");
  }

  hear(): void {
    this.ended("closed");
  }
}

test("part() cuts a link whose other end does not answer the goodbye, once", async () => {
  const clock = new FakeClock();
  const link = new DeafLink("peer");
  part(link, "done", clock);
  await clock.play(999);
  expect(link.log).toEqual(["done"]);
  await clock.play(1);
  expect(link.log).toEqual(["done", "terminated"]);
  part(link, "again", clock);
  expect([link.log.length, clock.pending]).toEqual([2, 0]);
});

test("part() leaves no timer behind a link that closes in good order", async () => {
  const clock = new FakeClock();
  const link = new DeafLink("peer");
  part(link, "done", clock);
  link.hear();
  await clock.play(0);
  expect([link.log, clock.pending]).toEqual([["done"], 0]);
});
