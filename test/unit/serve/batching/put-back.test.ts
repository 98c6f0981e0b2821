import { expect, test } from "bun:test";
import { PutBack } from "../../../../src/serve/batching/put-back.ts";
import { Ticket } from "../../../../src/serve/batching/ticket.ts";
import { entryOf, told } from "./entries.ts";

/** Rows `from` to `to` of the list `name` of ten, which came as number `order`. */
function back(name: string, order: number, [from, to]: readonly [number, number]) {
  const entry = entryOf(name, { rows: 10 });
  const place = { order, arrivedMs: order * 100, nextRow: to + 1 };
  const piece = { entry, from, rows: to - from + 1, order, arrivedMs: place.arrivedMs };
  return { piece, ticket: new Ticket(entry, place) };
}

function allOf(putBack: PutBack<string>, room: number): string[] {
  const all: string[] = [];
  for (let one = putBack.take(room); one; one = putBack.take(room)) all.push(told([one.piece]));
  return all;
}

test("take() gives what was put back in the order of arrival, and a list's parts in the list's", () => {
  const putBack = new PutBack<string>();
  putBack.push(back("b", 2, [4, 5]));
  putBack.push(back("a", 1, [8, 9]));
  putBack.push(back("b", 2, [0, 3]));
  putBack.push(back("a", 1, [2, 3]));
  expect(putBack.oldestMs).toBe(100);
  expect(allOf(putBack, 10)).toEqual(["a[2..3]", "a[8..9]", "b[0..3]", "b[4..5]"]);
  expect([putBack.isEmpty, putBack.oldestMs]).toEqual([true, Infinity]);
});

test("take() cuts what does not fit, and the rest comes next", () => {
  const putBack = new PutBack<string>();
  putBack.push(back("a", 1, [1, 7]));
  putBack.push(back("b", 2, [0, 2]));
  expect(allOf(putBack, 3)).toEqual(["a[1..3]", "a[4..6]", "a[7..7]", "b[0..2]"]);
});

test("what is gone is not given, and is no longer the oldest", () => {
  const putBack = new PutBack<string>();
  const gone = back("a", 1, [0, 1]);
  putBack.push(gone);
  putBack.push(back("b", 2, [0, 1]));
  gone.ticket.leave();
  expect(putBack.oldestMs).toBe(200);
  expect(allOf(putBack, 10)).toEqual(["b[0..1]"]);
});
