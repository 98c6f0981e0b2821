import { expect, test } from "bun:test";
import { EventList } from "../../../src/telemetry/event-list.ts";

test("list() gives the newest first, and no more than are kept", () => {
  const events = new EventList(2);
  events.add("info", "a", 1);
  events.add("warn", "b", 2);
  events.add("error", "c", 3);
  expect(events.list()).toEqual([
    { atMs: 3, level: "error", text: "c" },
    { atMs: 2, level: "warn", text: "b" },
  ]);
});
