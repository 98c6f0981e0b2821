import { expect, test } from "bun:test";
import { ding } from "../../support/ding.ts";
import { NOTING, notesIn } from "../../support/fleet.ts";
import {
  decentral,
  jobLines,
  startDecentral,
  statusOf,
  type FleetStatus,
} from "../../support/fleet-process.ts";
import { freePort } from "../../support/free-port.ts";
import { modelFixture, startServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const START = ["--plugin", NOTING, "--queue", "sqlite:./jobs.db", "--num-client", "8"];

/** Pushes so many jobs of so many milliseconds, numbered from there on. */
async function push(folder: TempFolder, count: number, ms: number, from = 0): Promise<void> {
  const to = folder.file("notes");
  const file = await folder.write(
    "jobs.jsonl",
    jobLines(count, (n) => ({ to, n: from + n, ms })),
  );
  const counts = await decentral(["push", file], { cwd: folder.path });
  expect(counts).toEqual({ queue: "sqlite:./jobs.db", pushed: count, duplicates: 0 });
}

const doneIn = (folder: TempFolder): number[] =>
  notesIn(folder.file("notes"))
    .filter(({ what }) => what === "done")
    .map(({ n }) => n)
    .toSorted((a, b) => a - b);

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test("a fleet is switched, idled and restarted while it works, and does every job once", async () => {
  await using folder = await tempFolder();
  await push(folder, 400, 25);
  await using fleet = await startDecentral(START, { cwd: folder.path });
  const port = ["--port", `${fleet.port}`];
  await until(() => doneIn(folder).length > 20, { what: "the first jobs" });
  const before = await statusOf(fleet);

  const switched = await decentral<FleetStatus>(["switch", "--num-client", "4", ...port]);
  expect(switched.units.map(({ id }) => id)).toEqual(numbers(4).map((n) => `local/${n + 1}`));
  const ages = switched.units.map(({ ageMs }) => ageMs);
  expect(Math.min(...ages)).toBeGreaterThanOrEqual(before.units[0]?.ageMs ?? 0);

  const idle = await decentral<FleetStatus>(["idle", ...port]);
  expect(idle).toMatchObject({ mode: "idle", ready: false, units: [] });
  const soFar = doneIn(folder).length;
  expect(notesIn(folder.file("notes"))).toHaveLength(2 * soFar);

  // Where commands are slow to start it may have done all by now.
  await push(folder, 100, 25, 400);
  const restarted = await decentral<FleetStatus>(["restart", ...port]);
  expect(restarted).toMatchObject({ mode: "running", ready: true });
  expect(restarted.workers.map(({ pid }) => pid)).not.toContain(before.workers[0]?.pid);
  await until(() => doneIn(folder).length > soFar, { what: "jobs after the restart" });

  await decentral(["terminate", ...port]);
  expect(await fleet.waitForExit()).toMatchObject({ code: 0 });
  const done = doneIn(folder);
  expect(new Set(done).size).toBe(done.length);
  expect(notesIn(folder.file("notes"))).toHaveLength(2 * done.length);

  await using next = await startDecentral(START, { cwd: folder.path });
  await until(() => doneIn(folder).length === 500, { what: "all jobs" });
  expect(doneIn(folder)).toEqual(numbers(500));
  expect(notesIn(folder.file("notes")).filter(({ attempt }) => attempt > 1)).toEqual([]);
  expect(await next.stop()).toMatchObject({ code: 0 });
});

test("SIGTERM lets the jobs under way finish, and takes no more", async () => {
  await using folder = await tempFolder();
  await push(folder, 40, 500);
  await using fleet = await startDecentral(START, { cwd: folder.path });
  await until(() => notesIn(folder.file("notes")).length >= 8, { what: "eight jobs under way" });
  expect(await fleet.stop()).toMatchObject({ code: 0 });
  const notes = notesIn(folder.file("notes"));
  expect(notes.filter(({ what }) => what === "done")).toHaveLength(notes.length / 2);
  const stats = await decentral(["queue", "stats"], { cwd: folder.path });
  expect(stats).toMatchObject({ ready: 40 - notes.length / 2, leased: 0, dead: 0 });
});

test("commands say where nobody listens, and ask for the token where there is one", async () => {
  await using folder = await tempFolder();
  const port = ["--port", `${await freePort()}`];
  for (const verb of ["status", "idle", "restart", "terminate"]) {
    const { code, stderr } = await ding(["decentral", verb, ...port], { runtime: "binary" });
    expect([code, stderr]).toEqual([5, expect.stringContaining("connection refused")]);
  }
  const env = { DING_TOKEN: "a-token-of-the-fleet" };
  await using fleet = await startDecentral(START, { cwd: folder.path, env });
  const own = ["--port", `${fleet.port}`];
  const refused = await ding(["decentral", "status", ...own], { runtime: "binary" });
  expect([refused.code, refused.stdout]).toEqual([4, ""]);
  expect(await decentral(["status", ...own], { env })).toMatchObject({ role: "decentral" });
  for (const path of ["/health/live", "/health/ready"]) {
    expect((await fetch(`${fleet.url}${path}`)).status).toBe(200);
  }
  expect((await fetch(`${fleet.url}/metrics`)).status).toBe(401);
});

test("a page of elsewhere that has our address behind its name is not let in", async () => {
  await using folder = await tempFolder();
  await using fleet = await startDecentral(START, { cwd: folder.path });
  const headers = { host: "evil.example" };
  expect((await fetch(`${fleet.url}/status`, { headers })).status).toBe(403);
  expect((await fetch(`${fleet.url}/terminate`, { method: "POST", headers })).status).toBe(403);
  const origin = { origin: "http://evil.example" };
  expect((await fetch(`${fleet.url}/idle`, { method: "POST", headers: origin })).status).toBe(403);
});

test("switch without anything to switch to is a wrong command line", async () => {
  const { code, stderr } = await ding(["decentral", "switch"], { runtime: "binary" });
  expect([code, stderr]).toEqual([2, expect.stringContaining("nothing to switch to")]);
});

test("commands say so where something else listens", async () => {
  await using serve = await startServe(["--plugin", modelFixture("jobs.ts")]);
  const status = await ding(["decentral", "status", "--port", `${serve.port}`], {
    runtime: "binary",
  });
  expect([status.code, status.stderr]).toEqual([5, expect.stringContaining("no fleet listens")]);
  const idle = await ding(["decentral", "idle", "--port", `${serve.port}`], { runtime: "binary" });
  expect(idle.code).not.toBe(0);
});
