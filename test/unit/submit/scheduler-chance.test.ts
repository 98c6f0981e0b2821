import { expect, test } from "bun:test";
import type { Run, Verdict } from "../../../src/master/submit/scheduler-run.ts";
import { Scheduler } from "../../../src/master/submit/scheduler.ts";

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface World {
  rooms: Map<string, number>;
  state: Map<string, "up" | "down" | "dialling">;
  live: Map<Run, { endsAt: number; verdict: Verdict; isCancelled: boolean }>;
}

/** A whole job with slaves that come and go, refuse, hang and lose tasks; checks the rules at every step. */
function runJob(seed: number): void {
  const random = chance(seed);
  const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)] as T;
  const total = Math.floor(random() * 200);
  const retries = pick(0, 1, 2, 5);
  const timeoutMs = pick(undefined, undefined, 300);
  const slaves = Array.from({ length: 1 + Math.floor(random() * 8) }, (_, index) => `s${index}`);
  const trouble = pick(0, 0.1, 0.4);
  const options = {
    retries,
    timeoutMs,
    cancelGraceMs: 200,
    inFlight: pick(undefined, undefined, 3),
    unreachableMs: pick(5_000, undefined),
    awayMs: 5_000,
    minSlaves: Math.min(slaves.length, pick(1, 1, 2)),
    retry: { minMs: 10, maxMs: 100, jitter: 0.5 },
    redial: { minMs: 10, maxMs: 200, jitter: 0.5 },
    random,
  };
  let now = 0;
  const scheduler = new Scheduler<Verdict>(options, now);
  const world: World = { rooms: new Map(), state: new Map(), live: new Map() };
  for (const name of slaves) {
    scheduler.roster.add(name, now);
    world.state.set(name, "down");
    world.rooms.set(name, pick(1, 1, 2, 5));
  }
  const queues = new Map(slaves.map((name) => [name, pick(0, 0, 4)]));
  const attempts = new Map<number, number>();
  /** Slaves that said that they take nothing more, and when. */
  const leaving = new Map<string, number>();
  const refusers = new Map<number, Set<string>>();
  const reports = new Map<number, number>();
  const stopAt = pick(Infinity, Infinity, Infinity, 200);
  let isStopped = false;
  let added = 0;

  const settle = (run: Run, verdict: Verdict): void => {
    world.live.delete(run);
    if (verdict === "busy" || verdict === "leaving")
      attempts.set(run.task, (attempts.get(run.task) ?? 0) - 1);
    if (verdict === "refused") {
      refusers.set(run.task, (refusers.get(run.task) ?? new Set()).add(run.slave));
    }
    scheduler.settle(run, { verdict, outcome: verdict, now });
    if (verdict === "leaving" && world.state.get(run.slave) === "up") leaving.set(run.slave, now);
  };
  const drop = (name: string): void => {
    world.state.set(name, "down");
    leaving.delete(name);
    scheduler.roster.down(name, now, { reason: "chance", isFinal: false });
    for (const run of world.live.keys()) if (run.slave === name) settle(run, "lost");
  };
  const begin = (run: Run): void => {
    const held = [...world.live.keys()].filter((other) => other.slave === run.slave).length;
    const room = (world.rooms.get(run.slave) ?? 0) + (queues.get(run.slave) ?? 0);
    expect(world.state.get(run.slave)).toBe("up");
    expect(leaving.has(run.slave)).toBe(false);
    expect(held).toBeLessThan(options.inFlight ?? room);
    expect([...world.live.keys()].some((other) => other.task === run.task)).toBe(false);
    expect(reports.has(run.task)).toBe(false);
    expect(refusers.get(run.task)?.has(run.slave) ?? false).toBe(false);
    expect(isStopped).toBe(false);
    attempts.set(run.task, (attempts.get(run.task) ?? 0) + 1);
    expect(attempts.get(run.task)).toBeLessThanOrEqual(retries + 1);
    const isBad = random() < trouble;
    const verdict = isBad
      ? pick("failed", "busy", "leaving", "refused", "lost", "lost")
      : "completed";
    const isSlow = timeoutMs !== undefined && random() < trouble / 2;
    const endsAt = now + (isSlow ? 2_000 : random() * 100);
    world.live.set(run, { endsAt, verdict, isCancelled: false });
  };
  const step = (): void => {
    while (scheduler.isHungry && added < total) scheduler.add(added++);
    if (added === total) scheduler.end();
    for (const action of scheduler.next(now)) {
      if (action.do === "start") begin(action.run);
      else if (action.do === "dial") {
        expect(world.state.get(action.slave)).toBe("down");
        world.state.set(action.slave, "dialling");
      } else if (action.do === "cancel") {
        const run = world.live.get(action.run);
        expect(run).toBeDefined();
        if (run && random() < 0.7)
          Object.assign(run, { endsAt: now + random() * 50, verdict: "cancelled" });
      } else {
        const { task, attempts: told, outcome } = action.ended;
        reports.set(task, (reports.get(task) ?? 0) + 1);
        expect(told).toBe(attempts.get(task) ?? 0);
        if (isStopped) expect(outcome).toBe("completed");
      }
    }
  };

  for (let turn = 0; !scheduler.isDone; turn += 1) {
    expect(turn).toBeLessThan(50_000);
    step();
    if (scheduler.isDone) break;
    const ends = [...world.live.values()].map((run) => run.endsAt);
    const isDialling = [...world.state.values()].includes("dialling");
    const leaves = [...leaving.values()].map((since) => since + 50);
    const soon = isDialling ? now + 5 : Infinity;
    const nextAt = Math.min(scheduler.wakeAt(), soon, ...leaves, ...ends);
    expect(nextAt).toBeLessThan(Infinity); // else it would wait for ever
    now = Math.max(now, nextAt);
    if (now >= stopAt && !isStopped) {
      isStopped = true;
      scheduler.stop(now);
    }
    for (const [name, state] of world.state) {
      if (state !== "dialling") continue;
      if (random() < 0.5) drop(name);
      else {
        world.state.set(name, "up");
        const concurrency = world.rooms.get(name);
        scheduler.roster.up(name, { concurrency, queueLimit: queues.get(name) }, now);
      }
    }
    for (const [run, { endsAt, verdict }] of world.live) if (endsAt <= now) settle(run, verdict);
    for (const [name, since] of leaving) if (since + 50 <= now) drop(name);
    if (random() < trouble / 20) {
      const name = pick(...slaves);
      if (world.state.get(name) === "up") drop(name);
    }
  }
  expect([...reports.values()].every((count) => count === 1)).toBe(true);
  if (!isStopped) expect(reports.size).toBe(total);
}

test("Scheduler reports every task once, whatever happens to the slaves", () => {
  const base = Number(process.env.DING_TEST_SEED ?? 1);
  for (let seed = base; seed < base + 400; seed += 1) {
    try {
      runJob(seed);
    } catch (error) {
      throw new Error(`With DING_TEST_SEED=${seed}: ${String(error)}`, { cause: error });
    }
  }
});
