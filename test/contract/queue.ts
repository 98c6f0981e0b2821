import { describe, expect, test } from "bun:test";
import type { Capability } from "../../src/broker/driver.ts";
import { thrownBy } from "../support/thrown-by.ts";
import { queueBasics } from "./queue-basics.ts";
import { queueDeadLetters } from "./queue-dead-letters.ts";
import { queueLeases } from "./queue-leases.ts";
import { queueOrder } from "./queue-order.ts";
import { bytes, type QueueKind, type QueuePlace } from "./queue-place.ts";
import { queueSubscribe } from "./queue-subscribe.ts";

/** What every kind of queue promises; each implementation runs it. What a kind cannot do fails with a clear code. */
export function queueContract(kind: QueueKind): void {
  const can = new Set(kind.can);
  test("can says what the kind declares", async () => {
    await using place = await kind.place();
    await using queue = await place.open();
    expect([...queue.can].toSorted()).toEqual([...kind.can].toSorted());
  });
  describe("basics", () => queueBasics(kind));
  describe("subscribe", () => queueSubscribe(kind));
  if (can.has("lease")) describe("leases", () => queueLeases(kind));
  if (can.has("dead")) describe("dead letters", () => queueDeadLetters(kind));
  describe("order", () => queueOrder(kind));
  const missing = (Object.keys(CANNOT) as Capability[]).filter((each) => !can.has(each));
  for (const capability of missing) {
    test(`without ${capability} its calls fail with queue.unsupported`, async () => {
      await using place = await kind.place();
      for (const error of await CANNOT[capability](place)) {
        expect(error).toMatchObject({ code: "queue.unsupported", details: { capability } });
      }
    });
  }
}

const LEASE = { id: "1", receipt: "1:1", attempt: 1 };

/** Every call that needs it, and what that gives. */
const CANNOT: Record<Capability, (place: QueuePlace) => Promise<unknown[]>> = {
  async lease(place) {
    await using queue = await place.open();
    const calls = [queue.ack(LEASE), queue.extend(LEASE), queue.retry(LEASE), queue.release(LEASE)];
    return await Promise.all(calls.map(thrownBy));
  },
  async dead(place) {
    await using queue = await place.open();
    const calls = [
      queue.deadLetter(LEASE, "no"),
      queue.dead(),
      queue.redrive(),
      queue.purge("dead"),
    ];
    return await Promise.all(calls.map(thrownBy));
  },
  async peek(place) {
    await using queue = await place.open();
    return [await thrownBy(queue.peek())];
  },
  async priority(place) {
    await using queue = await place.open();
    return [await thrownBy(queue.push({ value: bytes("x"), priority: 1 }))];
  },
  async delay(place) {
    await using queue = await place.open();
    return [await thrownBy(queue.push({ value: bytes("x"), delayMs: 1 }))];
  },
  async key(place) {
    await using queue = await place.open();
    return [await thrownBy(queue.push({ value: bytes("x"), key: "k" }))];
  },
};
