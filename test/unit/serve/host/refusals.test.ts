import { expect, test } from "bun:test";
import { fullError, itemError, notReadyError } from "../../../../src/serve/host/refusals.ts";
import { entryOf } from "../batching/entries.ts";

function detailsOf(details: Record<string, unknown> | undefined, [from, rows, of]: number[]) {
  const entry = entryOf("list", { rows: of ?? 1 });
  const record = { code: "task.failed", message: "it broke", ...(details && { details }) };
  const piece = { entry, from: from ?? 0, rows: rows ?? 1, order: 0, arrivedMs: 0 };
  return itemError(record, piece).details;
}

test("itemError() counts the item in the list of the request, not in the piece that the worker had", () => {
  expect(detailsOf({ item: 2, more: "x" }, [4, 3, 10])).toEqual({ item: 6, more: "x" });
  expect(detailsOf(undefined, [4, 1, 10])).toEqual({ item: 4 }); // the piece is one item
  expect(detailsOf(undefined, [4, 3, 10])).toEqual({}); // any of three
  expect(detailsOf({ item: "x" }, [4, 3, 10])).toEqual({ item: "x" }); // the plugin's own
});

test("itemError() of a request of one item leaves the details alone", () => {
  expect(detailsOf({ item: 0 }, [0, 1, 1])).toEqual({ item: 0 });
  expect(detailsOf(undefined, [0, 1, 1])).toEqual({});
});

test("notReadyError() says why, where there is a reason", () => {
  expect(notReadyError("m", "LOADING", "").message).toEndWith('model "m": it is LOADING');
  expect(notReadyError("m", "UNAVAILABLE", "it broke").message).toEndWith("UNAVAILABLE: it broke");
});

test("fullError() says how many items wait, and of a list that never fits what to do", () => {
  const full = (rows: number) => fullError(rows, { queuedRows: 20, maxQueuedRows: 100 }, 50);
  expect(full(1).message).toEndWith("queue request: 20 items wait already");
  expect(full(90).message).toEndWith("90 items: 20 items wait already, and at most 100 may");
  expect([full(90).hint, full(101).hint]).toEqual([
    expect.stringContaining("Retry-After"),
    expect.stringContaining("shorter lists"),
  ]);
});
