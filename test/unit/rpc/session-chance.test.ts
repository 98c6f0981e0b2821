import { expect, test } from "bun:test";
import { MemoryLink } from "../../../src/link/memory.ts";
import { KIND } from "../../../src/rpc/message.ts";
import { Session } from "../../../src/rpc/session.ts";
import { Chance } from "../../support/chance.ts";
import { FakeClock } from "../../support/fake-clock.ts";

/** One end, what it was told, and how often its link broke. */
function newEnd(clock: FakeClock, id: string): { session: Session; got: string[] } {
  const session = new Session({ id, clock, heartbeatMs: 100, toleranceMs: 400 });
  const got: string[] = [];
  session.listen({
    message: (message) => got.push(message[2] as string),
    detached() {},
    ended(error) {
      throw error ?? new Error("It ended");
    },
  });
  return { session, got };
}

const texts = (sent: number, side: string): string[] =>
  Array.from({ length: sent }, (_, index) => `${side}${index}`);

async function play(seed: number): Promise<void> {
  const chance = new Chance(seed);
  const clock = new FakeClock();
  const ends = { left: newEnd(clock, "left"), right: newEnd(clock, "right") };
  const sent = { left: 0, right: 0 };
  let links: MemoryLink[] = [];
  const connect = (): void => {
    links = MemoryLink.pair();
    const [near, far] = links as [MemoryLink, MemoryLink];
    const [leftHas, rightHas] = [ends.left.session.received, ends.right.session.received];
    expect(ends.left.session.attach(near, rightHas, 400)).toBe(true);
    expect(ends.right.session.attach(far, leftHas, 400)).toBe(true);
  };
  connect();
  for (let step = 0; step < 300; step++) {
    const side = chance.pick(["left", "right"] as const);
    const what = chance.next();
    if (what < 0.7) {
      for (let count = chance.integer(1, 20); count > 0; count--) {
        ends[side].session.send([
          KIND.EVENT,
          1,
          `${side}${sent[side]++}`,
          new Uint8Array(chance.integer(0, 200)),
        ]);
      }
    } else if (what < 0.8) {
      links[chance.integer(0, 1)]?.terminate();
      if (chance.next() < 0.7) connect();
    } else if (what < 0.9) {
      connect();
    } else {
      await clock.play(chance.integer(1, 60));
    }
    if (chance.next() < 0.3) await Promise.resolve();
  }
  connect();
  await clock.play(200);
  expect(ends.right.got).toEqual(texts(sent.left, "left"));
  expect(ends.left.got).toEqual(texts(sent.right, "right"));
  await Promise.all([ends.left.session.delivered(), ends.right.session.delivered()]);
}

test("a session delivers everything once and in order, whenever its links break", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    try {
      await play(seed);
    } catch (thrown) {
      throw new Error(`Seed ${seed}`, { cause: thrown });
    }
  }
});
