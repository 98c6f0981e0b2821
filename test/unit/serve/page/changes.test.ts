import { expect, test } from "bun:test";
import { Changes } from "../../../../src/serve/page/changes.ts";
import type { ServerFacts } from "../../../../src/serve/page/server-facts.ts";
import { EventList } from "../../../../src/telemetry/event-list.ts";
import { modelFacts, served, serverFacts } from "./facts.ts";

const worker = { id: "w0", pid: 10, state: "idle", device: "cpu", startedAt: 0 };

function told(...looks: ServerFacts[]): string[] {
  const events = new EventList();
  const changes = new Changes(events);
  for (const facts of looks) changes.look(facts);
  return events
    .list()
    .map(({ level, text }) => `${level}: ${text}`)
    .toReversed();
}

test("look() tells what is new, once", () => {
  const facts = serverFacts({ models: [served({ workers: [worker] })] });
  expect(told(facts, facts, facts)).toEqual([
    "info: Ready for requests",
    "info: Model sum@1 is READY",
    "info: Worker w0 of sum@1 has begun (process 10)",
  ]);
});

test("look() tells of a model that cannot be loaded why, and nothing of one that is only there", () => {
  const of = (reason: string): ServerFacts => {
    const facts = modelFacts({ state: "UNAVAILABLE", reason });
    return serverFacts({ ready: false, models: [served({ facts, workers: [] })] });
  };
  expect(told(of("not loaded"))).toEqual([]);
  expect(told(of("Cannot load: no such file"))).toEqual([
    "error: Model sum@1 is UNAVAILABLE: Cannot load: no such file",
  ]);
});

test("look() warns of a worker that died, not of one that was draining", () => {
  const having = (workers: (typeof worker)[]): ServerFacts =>
    serverFacts({ models: [served({ workers })] });
  const next = { ...worker, pid: 11 };
  expect(told(having([worker]), having([next])).slice(-2)).toEqual([
    "warn: Worker w0 of sum@1 has ended (process 10)",
    "info: Worker w0 of sum@1 has begun (process 11)",
  ]);
  const draining = { ...worker, state: "draining" };
  expect(told(having([worker, next]), having([draining, next]), having([next])).at(-1)).toBe(
    "info: Worker w0 of sum@1 has ended (process 10)",
  );
});

test("look() tells that the server goes", () => {
  const going = serverFacts({ state: "draining", ready: false });
  expect(told(serverFacts(), going).at(-1)).toBe("warn: Not ready: the server is draining");
});
