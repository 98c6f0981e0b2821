import { afterEach, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import type { Fleet } from "../../../src/decentral/fleet.ts";
import type { FleetOptions } from "../../../src/decentral/fleet-options.ts";
import { notesIn, startFleet, unitFixture } from "../../support/fleet.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const SERVERS = [
  ["n1", 8_996, 8_998],
  ["n2", 8_996, 8_998],
];

/** What was noted of each unit, in order: "get off get". */
function lives(file: string): Record<string, string> {
  const groups = Object.groupBy(notesIn(file), ({ unit }) => unit);
  return Object.fromEntries(
    Object.entries(groups).map(([unit, notes = []]) => [
      unit,
      notes.map(({ what }) => what).join(" "),
    ]),
  );
}

function startLoops(notes: string, options: Partial<FleetOptions> = {}): Promise<Fleet> {
  process.env["LOOPING_NOTES"] = notes;
  return startFleet({
    plugin: unitFixture("looping.ts"),
    remoteServers: SERVERS,
    numClient: 2,
    workers: 2,
    ...options,
  });
}

afterEach(() => delete process.env["LOOPING_NOTES"]);

const jobs = (fleet: Fleet): Record<string, number> =>
  fleet.status()["jobs"] as Record<string, number>;

test("getModel gets its server, doWork goes on after a throw, offModel comes once", async () => {
  await using folder = await tempFolder();
  const notes = folder.file("notes");
  const errors: Record<string, unknown>[] = [];
  {
    await using fleet = await startLoops(notes, {
      logLevel: "info",
      workerOutput: (line) => void errors.push(JSON.parse(line) as Record<string, unknown>),
    });
    await until(() => jobs(fleet)["failed"] === 4 && (jobs(fleet)["done"] ?? 0) > 8, {
      what: "rounds",
    });
    expect(notesIn(notes)).toContainEqual(
      expect.objectContaining({ unit: "n2:8996/2", ip: "n2", port: 8_996, portOut: 8_998 }),
    );
  }
  const units = ["n1:8996/1", "n1:8996/2", "n2:8996/1", "n2:8996/2"];
  expect(lives(notes)).toEqual(Object.fromEntries(units.map((unit) => [unit, "get off"])));
  // What a process printed may be read when it is gone.
  const isTold = (line: Record<string, unknown>): boolean =>
    line["unit"] === units[0] && line["message"] === "doWork failed: the second round fails";
  const told = await until(() => errors.find(isTold), { what: "the throw in the log" });
  expect(told).toMatchObject({ job: { round: 2 } });
});

test("idle(), switchTo() and restart() end units once, and leave the others alone", async () => {
  await using folder = await tempFolder();
  const notes = folder.file("notes");
  await using fleet = await startLoops(notes, { numClient: 1 });
  await fleet.switchTo({ remoteServers: [SERVERS[1], ["n3", 1]] });
  expect(lives(notes)).toEqual({ "n1:8996/1": "get off", "n2:8996/1": "get", "n3:1/1": "get" });
  await fleet.idle();
  expect(fleet.facts()).toMatchObject({ mode: "idle", ready: false, reason: "the fleet is idle" });
  expect(lives(notes)).toMatchObject({ "n2:8996/1": "get off", "n3:1/1": "get off" });
  const before = fleet.facts().workers.map(({ pid }) => pid);
  await fleet.restart();
  expect(lives(notes)).toMatchObject({ "n2:8996/1": "get off get", "n3:1/1": "get off get" });
  const after = fleet.facts().workers.map(({ pid }) => pid);
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  await until(() => fleet.facts().ready, { what: "units at work" });
});

test("a unit whose model cannot be made waits with back-off, says why, and begins when it can", async () => {
  await using folder = await tempFolder();
  const notes = folder.file("notes");
  writeFileSync(`${notes}.closed`, "");
  await using fleet = await startLoops(notes, { numClient: 1 });
  await until(() => fleet.facts().units.every(({ record }) => record.state === "waiting"), {
    what: "units that wait",
  });
  expect(fleet.facts().reason).toBe("every unit waits: getModel failed: the database is closed");
  rmSync(`${notes}.closed`);
  await until(() => fleet.facts().ready, { what: "units at work" });
});

test("a process in which something throws where nobody waits ends, its models off, and is replaced", async () => {
  await using folder = await tempFolder();
  const notes = folder.file("notes");
  await using fleet = await startLoops(notes, { workers: 1, numClient: 1 });
  writeFileSync(`${notes}.crash`, "");
  await until(() => lives(notes)["n1:8996/1"]?.startsWith("get off"), { what: "models off" });
  rmSync(`${notes}.crash`);
  for (const unit of ["n1:8996/1", "n2:8996/1"]) {
    const newUnit = () => {
      const life = lives(notes)[unit] ?? "";
      return fleet.facts().ready && life.endsWith("get") && life;
    };
    expect(await until(newUnit, { what: "a new unit" })).toMatch(/^get( off get)+$/);
  }
});
