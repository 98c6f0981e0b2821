import { expect, test } from "bun:test";
import { Scheduler } from "../../../src/master/submit/scheduler.ts";
import { OPTIONS, Play } from "./play.ts";

test("Scheduler fills every slave up to its room, and refills what comes free", () => {
  const play = new Play({}, 6).up("a").up("b", 2);
  expect(play.running).toEqual(["0@a", "1@b", "2@b"]);
  play.settle(1, "completed");
  expect(play.running).toEqual(["0@a", "2@b", "3@b"]);
  expect(play.reports).toMatchObject([
    { task: 1, slave: "b", attempts: 1, outcome: "completed 1" },
  ]);
  play.settle(0, "failed").settle(2, "completed").settle(3, "completed");
  play.settle(4, "completed").settle(5, "completed");
  expect(play.scheduler.isDone).toBe(true);
  expect(play.reports).toHaveLength(6);
});

test("Scheduler gives the next task to the slave with least to do", () => {
  const play = new Play({ inFlight: 10 }, 5).up("a", 1, 10);
  expect(play.running).toEqual(["0@a", "1@a", "2@a", "3@a", "4@a"]);
  const other = new Play({ inFlight: 10, minSlaves: 2 }, 6).up("a", 1, 10).up("b", 2, 10);
  const held = (name: string): number => other.running.filter((run) => run.endsWith(name)).length;
  expect([held("a"), held("b")]).toEqual([2, 4]);
});

test("Scheduler uses a slave's queue when tasks are short, and not when they are long", () => {
  const long = new Play({}, 50).up("a", 1, 10);
  long.goTo(400).settle(0, "completed");
  expect(long.running).toEqual(["1@a"]);
  const short = new Play({}, 50).up("a", 1, 10);
  short.goTo(20).settle(0, "completed");
  expect(short.running).toHaveLength(6); // one runs, and five wait for 100 ms in all
  short.goTo(22).settle(1, "completed");
  short.goTo(24).settle(2, "completed");
  expect(short.running.length).toBeGreaterThan(6);
  expect(short.running.length).toBeLessThanOrEqual(11);
});

test("Scheduler keeps tasks with a time limit out of queues, where the time would run", () => {
  const play = new Play({ timeoutMs: 1_000, inFlight: 8 }, 50).up("a", 2, 10);
  play.goTo(1).settle(0, "completed").settle(1, "completed");
  expect(play.running).toHaveLength(2);
});

test("Scheduler sends a task that a busy slave refused to another one, and counts no attempt", () => {
  const play = new Play({ retries: 0, inFlight: 1, minSlaves: 2 }, 1).up("a").up("b");
  expect(play.running).toEqual(["0@a"]);
  play.settle(0, "busy");
  expect(play.running).toEqual(["0@b"]);
  play.settle(0, "busy");
  expect(play.running).toEqual([]);
  play.goTo(100);
  expect(play.running).toHaveLength(1);
  play.settle(0, "completed");
  expect(play.reports).toMatchObject([{ attempts: 1, outcome: "completed 0" }]);
});

test("Scheduler gives a slave that is leaving nothing more until it is back, and counts no attempt", () => {
  const play = new Play({ retries: 0 }, 6).up("a", 2).up("b");
  expect(play.running).toEqual(["0@a", "1@a", "2@b"]);
  play.settle(1, "leaving").settle(0, "completed");
  expect(play.running).toEqual(["2@b"]);
  play.settle(2, "completed").goTo(60_000);
  expect(play.running).toEqual(["1@b"]);
  play.settle(1, "completed").down("a");
  expect(play.running).toEqual(["3@b"]);
  play.up("a", 2);
  expect(play.running).toEqual(["3@b", "4@a", "5@a"]);
  expect(play.reports.find((report) => report.task === 1)).toMatchObject({ attempts: 1 });
});

test("Scheduler reports a refused task when nobody else is there but a slave that is leaving", () => {
  const play = new Play({}, 2).up("a").up("b");
  play.settle(1, "leaving").settle(0, "refused");
  expect(play.reports).toMatchObject([{ task: 0, outcome: "refused 0" }]);
});

test("Scheduler asks a busy slave again as soon as a task ends there, else later and later", () => {
  const play = new Play({}, 3).up("a", 2);
  play.settle(1, "busy");
  expect(play.running).toEqual(["0@a"]);
  play.goTo(5).settle(0, "completed");
  expect(play.running).toEqual(["1@a", "2@a"]);
  const alone = new Play({}, 1).up("a");
  let offers = 0;
  for (let at = 0; at <= 10_000; at += 10) {
    alone.goTo(at);
    for (; alone.started.length > 0; offers += 1) alone.settle(0, "busy");
  }
  expect(offers).toBeGreaterThan(8);
  expect(offers).toBeLessThan(16);
});

test("Scheduler repeats a lost task after a while, on another slave if there is one", () => {
  const play = new Play({}, 1).up("a").up("b");
  play.settle(0, "lost");
  expect(play.running).toEqual([]);
  play.goTo(99);
  expect(play.running).toEqual([]);
  play.goTo(100);
  expect(play.running).toEqual(["0@b"]);
  play.settle(0, "lost").goTo(300);
  expect(play.running).toEqual(["0@a"]);
  play.settle(0, "lost", "lost for good");
  expect(play.reports).toMatchObject([{ attempts: 3, slave: "a", outcome: "lost for good" }]);
  expect(play.scheduler.retried).toBe(2);
});

test("Scheduler repeats a lost task where it was lost if there is no other slave", () => {
  const play = new Play({}, 1).up("a").settle(0, "lost").goTo(100);
  expect(play.running).toEqual(["0@a"]);
});

test("Scheduler asks each other slave once when one does not want a task", () => {
  const play = new Play({ retries: 9 }, 1).up("a").up("b").up("c");
  const first = play.running[0];
  play.settle(0, "refused");
  const second = play.running[0];
  expect(second).not.toBe(first);
  play.settle(0, "refused");
  play.settle(0, "refused", "nobody wants it");
  expect(play.reports).toMatchObject([{ attempts: 3, outcome: "nobody wants it" }]);
});

test("Scheduler does not repeat a refused task with no retries, or with one slave", () => {
  const play = new Play({ retries: 0 }, 1).up("a").up("b").settle(0, "refused", "no");
  expect(play.reports).toMatchObject([{ attempts: 1, outcome: "no" }]);
  const alone = new Play({}, 1).up("a").settle(0, "refused", "no");
  expect(alone.reports).toMatchObject([{ attempts: 1, outcome: "no" }]);
});

test("Scheduler reports a refused task when the last slave that might want it goes away", () => {
  const play = new Play({}, 2).up("a").up("b");
  play.settle(0, "refused", "not here");
  expect(play.running).toEqual(["1@b"]); // b might want it, but is occupied
  play.down("b").settle(1, "lost");
  expect(play.reports).toMatchObject([{ task: 0, attempts: 1, outcome: "not here" }]);
});

test("Scheduler keeps a refused task for a slave that is just being reached, and no longer", () => {
  const play = (): Play => {
    const begun = new Play({}, 1);
    begun.scheduler.roster.add("b", 0);
    return begun.up("a").settle(0, "refused", "not here");
  };
  expect(play().reports).toEqual([]);
  expect(play().up("b").running).toEqual(["0@b"]);
  expect(play().down("b").reports).toMatchObject([{ task: 0, attempts: 1, outcome: "not here" }]);
});

test("Scheduler cancels a task that takes too long, and tells its end when the slave lets go of it", () => {
  const play = new Play({ timeoutMs: 500 }, 2).up("a");
  play.goTo(499);
  expect(play.cancelled).toEqual([]);
  play.goTo(500);
  expect(play.cancelled).toMatchObject([{ task: 0 }]);
  expect(play.reports).toEqual([]);
  play.goTo(510).settle(0, "cancelled");
  expect(play.reports).toMatchObject([{ task: 0, isTimedOut: true, ms: 510 }]);
  expect(play.running).toEqual(["1@a"]);
  play.goTo(1_010).settle(1, "completed"); // it came in just in time after all
  expect(play.reports[1]).toMatchObject({ task: 1, isTimedOut: false, outcome: "completed 1" });
});

test("Scheduler does not wait for a slave that cannot cancel, nor gives it more than it can hold", () => {
  const play = new Play({ timeoutMs: 500 }, 2).up("a");
  play.goTo(1_500);
  expect(play.reports).toMatchObject([{ task: 0, isTimedOut: true, outcome: undefined }]);
  expect(play.running).toEqual(["0@a"]);
  play.goTo(3_000).settle(0, "completed");
  expect(play.reports).toHaveLength(1);
  expect(play.running).toEqual(["1@a"]);
});

test("Scheduler dials at once, then later and later, at least each second while nobody is there", () => {
  const play = new Play({ unreachableMs: 60_000 }, 1);
  play.scheduler.roster.add("a", 0);
  const at: number[] = [];
  for (let now = 0; now <= 5_000; now += 100) {
    play.goTo(now);
    if (play.dials.length === 0) continue;
    at.push(now);
    play.dials.length = 0;
    play.down("a");
  }
  expect(at).toEqual([0, 200, 600, 1_400, 2_400, 3_400, 4_400]);
});

test("Scheduler dials a slave again that went away, and it forgets its failures when a task ended there", () => {
  const play = new Play({}, 9).up("a").up("b");
  const after = (ms: number): number => play.goTo(play.now + ms).dials.length;
  for (const ms of [200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
    play.dials.length = 0;
    play.down("b");
    expect([after(ms - 1), after(1)]).toEqual([0, 1]);
  }
  play.up("b").settle(1, "completed");
  play.dials.length = 0;
  play.down("b");
  expect([after(199), after(1)]).toEqual([0, 1]);
});

test("Roster.isUnreachable() when nobody came in time, or nobody can", () => {
  const unreachable = (play: Play): boolean => play.scheduler.roster.isUnreachable(play.now);
  const hanging = new Play({}, 1);
  hanging.scheduler.roster.add("a", 0);
  expect(unreachable(hanging.goTo(4_999))).toBe(false);
  // Still being dialled: it may be loading. The dial is bounded, and its end decides.
  expect(unreachable(hanging.goTo(5_000))).toBe(false);
  expect(hanging.scheduler.wakeAt()).toBe(Infinity);
  expect(unreachable(hanging.down("a"))).toBe(true);

  const refused = new Play({}, 1);
  for (const name of ["a", "b"]) refused.scheduler.roster.add(name, 0);
  refused.goTo(0).down("a", true);
  expect(unreachable(refused)).toBe(false);
  expect(unreachable(refused.down("b", true))).toBe(true);

  const lost = new Play({}, 1).up("a").goTo(60_000).down("a");
  expect(unreachable(lost)).toBe(false);
  expect(unreachable(lost.goTo(64_999))).toBe(false);
  expect(unreachable(lost.goTo(65_000).down("a"))).toBe(true);

  const patient = new Play({ unreachableMs: undefined }, 1).goTo(1e9);
  expect(unreachable(patient)).toBe(false);
});

test("Scheduler hands nothing out before enough slaves were there, and goes on with fewer after that", () => {
  const play = new Play({ minSlaves: 2 }, 3).up("a");
  expect(play.running).toEqual([]);
  play.up("b");
  expect(play.running).toEqual(["0@a", "1@b"]);
  play.down("b").settle(1, "lost").settle(0, "completed");
  expect(play.running).toEqual(["2@a"]);
  const short = new Play({ minSlaves: 2 }, 3).up("a").goTo(5_000);
  expect(short.scheduler.roster.isUnreachable(5_000)).toBe(true);
});

test("Scheduler.stop() cancels what runs and reports only what completed all the same", () => {
  const play = new Play({}, 9).up("a", 4);
  play.scheduler.stop(0);
  play.goTo(0);
  expect(play.cancelled.map((run) => run.task)).toEqual([0, 1, 2, 3]);
  play.settle(0, "completed").settle(1, "cancelled").settle(2, "failed");
  expect(play.scheduler.isDone).toBe(false);
  play.settle(3, "lost");
  expect(play.scheduler.isDone).toBe(true);
  expect(play.reports.map((ended) => ended.task)).toEqual([0]);
  expect(play.scheduler.wakeAt()).toBe(Infinity);
});

test("Scheduler.stop() waits for a slave that cannot cancel no longer than the grace", () => {
  const play = new Play({}, 1).up("a");
  play.scheduler.stop(0);
  expect(play.goTo(999).scheduler.isDone).toBe(false);
  expect(play.goTo(1_000).scheduler.isDone).toBe(true);
  expect(play.reports).toEqual([]);
});

test("Scheduler.isHungry wants as many tasks as run, and a few", () => {
  const scheduler = new Scheduler<string>(OPTIONS, 0);
  let added = 0;
  const feed = (): void => {
    for (; scheduler.isHungry; added += 1) scheduler.add(added);
  };
  feed();
  expect(added).toBe(32);
  scheduler.roster.up("a", { concurrency: 500, queueLimit: 0 }, 0);
  for (let turn = 0; turn < 20; turn += 1) {
    scheduler.next(0);
    feed();
  }
  expect(scheduler.running).toBe(500);
  expect(added).toBe(500 + 500 + 32);
  scheduler.end();
  expect(scheduler.isHungry).toBe(false);
});
