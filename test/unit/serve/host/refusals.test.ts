import { expect, test } from "bun:test";
import { itemError, notReadyError } from "../../../../src/serve/host/refusals.ts";
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
