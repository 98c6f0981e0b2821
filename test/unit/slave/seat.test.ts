import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { ConnectionRefuse, DisconnectionRefuse } from "../../../src/slave/refusals.ts";
import { Seat, type Occupant } from "../../../src/slave/seat.ts";
import { thrownBy } from "../../support/interaction.ts";

function master(isAway = false): Occupant & { evictions: number } {
  return {
    kind: "session",
    address: "a",
    evictions: 0,
    isAway: () => isAway,
    evict() {
      this.evictions += 1;
    },
  };
}

const codeOf = async (promise: Promise<unknown>): Promise<unknown[]> => {
  const error = (await thrownBy(promise)) as DingError;
  return [error.details["status"], error.details["code"], error.details["data"]];
};

test("take() seats one master; a second is refused with 501 until the first has left", async () => {
  const seat = new Seat(async () => {});
  const first = master();
  await seat.take(first, {});
  expect(await codeOf(seat.take(master(), {}))).toEqual([400, 501, null]);
  await seat.leave(first, {});
  await seat.take(master(), {});
});

test("take() gives the seat of a master that is away to another, and evicts it once", async () => {
  const seat = new Seat(async () => {});
  const away = master(true);
  const next = master();
  await seat.take(away, {});
  await seat.take(next, {});
  expect([away.evictions, seat.occupant]).toEqual([1, next]);
  expect(seat.vacate(away)).toBe(false);
  expect(seat.occupant).toBe(next);
});

test("take() evicts a master that is away before it asks: its tasks must not keep the worker that answers", async () => {
  const order: string[] = [];
  const seat = new Seat(async () => void order.push("asked"));
  const away = { ...master(true), evict: () => void order.push("evicted") };
  await seat.take(away, {});
  await seat.take(master(), {});
  expect(order).toEqual(["asked", "evicted", "asked"]);
});

test("take() leaves the seat empty when the one who asks is refused", async () => {
  let refuses = false;
  const seat: Seat = new Seat(async () => {
    if (refuses) throw new ConnectionRefuse({ why: "no" });
  });
  const away = { ...master(true), evict: () => void seat.vacate(away) };
  await seat.take(away, {});
  refuses = true;
  expect(await codeOf(seat.take(master(), {}))).toEqual([403, 503, { why: "no" }]);
  expect(seat.occupant).toBeUndefined();
});

test("leave() says false when another sits there by the time that the hook has answered", async () => {
  const asked = Promise.withResolvers<void>();
  const seat = new Seat((name) =>
    name === "beforeDisconnection" ? asked.promise : Promise.resolve(),
  );
  const first = master(true);
  await seat.take(first, {});
  const leaving = seat.leave(first, {});
  const second = master();
  await seat.take(second, {});
  asked.resolve();
  expect(await leaving).toBe(false);
  expect(seat.occupant).toBe(second);
});

test("take() refuses others with 501 while a hook is being asked, and is free when that fails", async () => {
  const asked = Promise.withResolvers<void>();
  const seat = new Seat(() => asked.promise);
  const first = seat.take(master(), {});
  expect(await codeOf(seat.take(master(), {}))).toEqual([400, 501, null]);
  asked.reject(new Error("broken"));
  expect(await codeOf(first)).toEqual([403, 503, { message: "broken" }]);
  expect(seat.occupant).toBeUndefined();
});

test("leave() asks beforeDisconnection, which may keep the master; a stranger cannot leave", async () => {
  const seat = new Seat(async (name) => {
    if (name === "beforeDisconnection") throw new DisconnectionRefuse([1], "stay");
  });
  const first = master();
  await seat.take(first, {});
  const error = (await thrownBy(seat.leave(first, {}))) as DingError;
  expect([error.message, error.details]).toEqual(["stay", { status: 403, code: 504, data: [1] }]);
  expect(seat.occupant).toBe(first);
  expect(await codeOf(seat.leave(master(), {}))).toEqual([400, 502, null]);
});

test("a refusal whose data cannot travel still says no", async () => {
  const seat = new Seat(async () => {
    throw new ConnectionRefuse({ callback: () => {} }, "not today");
  });
  const error = (await thrownBy(seat.take(master(), {}))) as DingError;
  expect([error.message, error.details["code"]]).toEqual(["not today", 503]);
  expect(String((error.details["data"] as { message: string }).message)).toContain("callback");
});
