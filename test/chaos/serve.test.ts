import { expect, test } from "bun:test";
import { Chance, chaosSeed } from "../support/chance.ts";
import { until } from "../support/until.ts";
import { ServeHost, type ServeTrouble } from "./serve-host.ts";
import { ServeLoad } from "./serve-load.ts";

const SHAPE = { json: 6, oip: 6, native: 12, leavers: 2 };
const SWAPS: ServeTrouble[] = ["SIGHUP", "watched file", "load by API"];

function report(what: string, seed: number, facts: object): void {
  console.error(`  ${what}: CHAOS_SEED=${seed} ${JSON.stringify(facts)}`);
}

test("models that are swapped and workers that are stopped under load: every request is answered once, and ran once", async () => {
  const seed = chaosSeed();
  await using host = await ServeHost.start(seed);
  await using load = new ServeLoad(host.server.port, { ...SHAPE, ledger: host.ledger });
  await host.harass(["stop worker", "stop worker", ...SWAPS], 6_000);
  await host.swap("load by API");
  const { version } = host;
  await until(() => load.versions.has(version), { what: "the last version", timeoutMs: 20_000 });
  await load.finish();
  report("swaps", seed, { ...load.endings, versions: load.versions.size, ...host.counts });
  expect(load.faults).toEqual([]);
  expect(load.runFaults(1)).toEqual([]);
  expect(load.endings).toEqual({ answered: load.answered, stopping: 0, refused: 0 });
  expect((await host.server.stop()).code).toBe(0);
}, 180_000);

test("workers that are killed under load: every request is answered once", async () => {
  const seed = chaosSeed();
  const retries = 20;
  await using host = await ServeHost.start(seed, ["--retries", `${retries}`]);
  await using load = new ServeLoad(host.server.port, { ...SHAPE, ledger: host.ledger });
  await host.harass(["kill worker", "kill worker", "stop worker", "SIGHUP"], 6_000);
  await load.finish();
  report("kills", seed, { ...load.endings, ...host.counts });
  expect(load.faults).toEqual([]);
  expect(load.runFaults(1 + retries)).toEqual([]);
  expect(load.endings).toEqual({ answered: load.answered, stopping: 0, refused: 0 });
  expect(load.answered).toBeGreaterThan(20);
  expect((await host.server.stop()).code).toBe(0);
}, 180_000);

test("SIGTERM under load: a request is answered, refused with 503, or finds nobody", async () => {
  const seed = chaosSeed();
  const chance = new Chance(seed);
  const retries = 20;
  for (let round = 0; round < 4; round++) {
    await using host = await ServeHost.start(seed + round, ["--retries", `${retries}`]);
    await using load = new ServeLoad(host.server.port, {
      ...SHAPE,
      ledger: host.ledger,
      connectTimeoutMs: 2_000,
    });
    await until(() => load.answered > chance.integer(50, 400), {
      what: "answers",
      timeoutMs: 20_000,
    });
    if (round === 1) await host.swap("SIGHUP");
    const trouble = round === 2 ? "stop worker" : "kill worker";
    // The server may be gone before its workers can be asked for.
    if (round >= 2) void host.harass([trouble, trouble], 300).catch(() => {});
    load.expectStop();
    const { code, stderr } = await host.server.stop();
    await until(() => load.endings.refused > 0, { what: "a closed port" });
    await load.finish();
    report(`stop ${round}`, seed, load.endings);
    expect(load.faults).toEqual([]);
    expect(load.runFaults(round === 3 ? 1 + retries : 1)).toEqual([]);
    expect(code).toBe(0);
    if (round < 3) expect(stderr).not.toContain("error");
  }
}, 180_000);

test("workers that are replaced after every few batches under load: every request is answered once, and ran once", async () => {
  const seed = chaosSeed();
  await using host = await ServeHost.start(seed, ["--max-batches-per-worker=5"]);
  await using load = new ServeLoad(host.server.port, { ...SHAPE, ledger: host.ledger });
  const pids = new Set<number>();
  await until(
    async () => {
      for (const pid of await host.workers()) pids.add(pid);
      return pids.size >= 12 && load.answered >= 300;
    },
    {
      what: () => `12 workers and 300 answers: ${pids.size}, ${load.answered}`,
      timeoutMs: 120_000,
    },
  );
  await load.finish();
  report("recycling", seed, { ...load.endings, workers: pids.size });
  expect(load.faults).toEqual([]);
  expect(load.runFaults(1)).toEqual([]);
  expect(load.endings).toEqual({ answered: load.answered, stopping: 0, refused: 0 });
  expect((await host.server.stop()).code).toBe(0);
}, 180_000);
