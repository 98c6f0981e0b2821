import { describe, expect, test } from "bun:test";
import { placeUnits, processesFor, wantedUnits } from "../../../src/decentral/layout.ts";

const ONE = { ip: "n1", port: 1, portOut: undefined };
const TWO = { ip: "n2", port: 2, portOut: undefined };

test("wantedUnits() gives so many units for each server, or a group without one", () => {
  expect(wantedUnits([ONE, TWO], 2).map(({ id }) => id)).toEqual([
    "n1:1/1",
    "n1:1/2",
    "n2:2/1",
    "n2:2/2",
  ]);
  expect(wantedUnits([], 1)).toEqual([{ id: "local/1", group: "local", server: undefined }]);
});

describe("placeUnits()", () => {
  test("spreads units evenly over the processes", () => {
    const placed = placeUnits(wantedUnits([ONE, TWO], 24), 4);
    const loads = [0, 1, 2, 3].map((worker) => placed.filter((unit) => unit.worker === worker));
    expect(loads.map((units) => units.length)).toEqual([12, 12, 12, 12]);
  });

  test("leaves those that stay where they are, and fills the gaps", () => {
    const before = placeUnits(wantedUnits([ONE, TWO], 2), 2);
    const current = new Map(before.map((unit) => [unit.id, unit]));
    const after = placeUnits(wantedUnits([TWO], 4), 2, current);
    expect(after.slice(0, 2)).toEqual(before.slice(2));
    expect(after.filter(({ worker }) => worker === 0)).toHaveLength(2);
  });

  test("takes a server with another second port for another one", () => {
    const before = placeUnits(wantedUnits([ONE], 1), 1);
    const current = new Map(before.map((unit) => [unit.id, unit]));
    const [unit] = placeUnits(wantedUnits([{ ...ONE, portOut: 9 }], 1), 1, current);
    expect(unit?.server?.portOut).toBe(9);
  });
});

test("processesFor() takes a core each, at most four, or what was asked; no more than units", () => {
  expect(processesFor(48, { asked: undefined, cores: 64 })).toBe(4);
  expect(processesFor(48, { asked: undefined, cores: 2 })).toBe(2);
  expect(processesFor(48, { asked: 12, cores: 2 })).toBe(12);
  expect(processesFor(3, { asked: 12, cores: 2 })).toBe(3);
});
