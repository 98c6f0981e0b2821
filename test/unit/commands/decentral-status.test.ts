import { expect, test } from "bun:test";
import { statusText } from "../../../commands/_decentral-status.ts";

const STATUS = {
  state: "running",
  mode: "running",
  ready: true,
  reason: null,
  uptimeMs: 75_000,
  jobsPerSecond: 12.34,
  queue: {
    url: "sqlite:./jobs.db",
    error: null,
    stats: { ready: 5, delayed: 1, leased: 2, dead: 3 },
  },
  groups: [
    { group: "n1:8900", units: { busy: 2, idle: 1 }, counts: { done: 100, retried: 4 } },
    { group: "n2:8900", units: { waiting: 3 }, counts: {} },
  ],
  units: [
    { id: "n1:8900/1", state: "busy", stateMs: 5, error: "an old fault" },
    { id: "n2:8900/1", state: "waiting", stateMs: 61_000, error: "Cannot reach n2:8900" },
  ],
};

test("statusText() tells the fleet, its queue, its servers, and what units wait for", () => {
  expect(statusText(STATUS)).toBe(`fleet ready, up 1:15, 12.3 jobs/s
queue sqlite:./jobs.db: 5 ready, 1 delayed, 2 taken, 3 dead

server   busy  idle  waiting  starting  down  stopping  done  retried  dead  failed
n1:8900  2     1     0        0         0     0         100   4        0     0
n2:8900  0     0     3        0         0     0         0     0        0     0
n2:8900/1 is waiting for 1:01: Cannot reach n2:8900
`);
});

test("statusText() says why no unit takes jobs, and that a queue cannot be asked", () => {
  const away = { ...STATUS, ready: false, reason: "no unit is up", groups: [], units: [] };
  const queue = { url: "redis://n1", error: "refused", stats: null };
  const lines = statusText({ ...away, queue }).split("\n");
  expect(lines.slice(0, 2)).toEqual([
    "fleet not ready (no unit is up), up 1:15, 12.3 jobs/s",
    "queue redis://n1: refused",
  ]);
  expect(statusText({ ...away, mode: "idle", queue: null })).toStartWith("fleet idle (");
  expect(statusText({ ...away, state: "stopped", reason: null })).toStartWith("fleet stopped, up");
});
