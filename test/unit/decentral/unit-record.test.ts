import { describe, expect, test } from "bun:test";
import { UnitRecord } from "../../../src/decentral/unit-record.ts";
import { FakeClock } from "../../support/fake-clock.ts";

describe("UnitRecord", () => {
  test("goes from starting to idle, busy and back", () => {
    const clock = new FakeClock();
    const unit = new UnitRecord(clock);
    unit.opened();
    clock.advance(5);
    unit.began("job-1");
    clock.advance(7);
    expect(unit).toMatchObject({ state: "busy", job: "job-1", stateMs: 7, ageMs: 12 });
    unit.ended();
    unit.count("done");
    expect(unit).toMatchObject({ state: "idle", job: undefined });
    expect(unit.counts).toMatchObject({ done: 1, failed: 0 });
  });

  test("waits for what is away, and says for what", () => {
    const unit = new UnitRecord(new FakeClock());
    unit.away("Cannot reach n1:1");
    expect(unit).toMatchObject({ state: "waiting", error: "Cannot reach n1:1" });
    unit.began("job-1");
    expect(unit.state).toBe("busy");
  });

  test("is down while its process is gone: nothing but a new one brings it back", () => {
    const unit = new UnitRecord(new FakeClock());
    unit.opened();
    unit.began("job-1");
    unit.lost("killed by SIGKILL");
    unit.ended();
    unit.opened();
    unit.away("late word");
    expect(unit).toMatchObject({ state: "down", restarts: 1, job: undefined });
    unit.revived();
    expect(unit.state).toBe("starting");
  });

  test("that stops does not come back to work", () => {
    const unit = new UnitRecord(new FakeClock());
    unit.opened();
    unit.began("job-1");
    unit.stopping();
    unit.ended();
    unit.began("job-2");
    unit.lost("killed as it stopped");
    expect(unit.state).toBe("stopping");
    unit.off();
    unit.stopping();
    expect(unit.state).toBe("off");
  });
});
