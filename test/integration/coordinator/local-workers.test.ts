import { join } from "node:path";
import { expect, test } from "bun:test";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { LocalWorkers } from "../../../src/coordinator/local/local-workers.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../../support/until.ts";

const PATIENT = { timeoutMs: 50_000 };
const PLUGIN = join(import.meta.dir, "../../e2e/fixtures/coordinator/collector.ts");

test("a local worker that is killed again and again before it joins is started again and again", async () => {
  const broken: Error[] = [];
  const pids: number[] = [];
  const told: string[] = [];
  const ending = new AbortController();
  let ended = 0;
  await using workers = new LocalWorkers({
    plugins: { collector: PLUGIN, learner: undefined, evaluator: undefined },
    // Nobody listens there.
    join: `127.0.0.1:${await freePort()}`,
    channel: 0,
    token: undefined,
    flags: [],
    logLevel: "silent",
    output(line) {
      const [, pid] = /^slave ready .* pid=(\d+)/.exec(line) ?? [];
      if (pid === undefined) return;
      pids.push(Number(pid));
      if (pids.length <= 2) process.kill(Number(pid), "SIGKILL");
    },
    clock: systemClock,
    log: { ...silentLogger, warn: (text) => void told.push(text) },
    signal: ending.signal,
    onEnded: () => void (ended += 1),
    onBroken: (error) => void broken.push(error),
  });
  expect(workers.add("collector")).toBe("local-collector-0");
  await until(() => pids.length === 3 || broken[0], PATIENT);
  expect(broken).toEqual([]);
  expect(new Set(pids).size).toBe(3);
  // Once the run is to end it stays away: whoever ends the coordinator in a terminal ends its workers, too.
  ending.abort();
  process.kill(pids[2] ?? 0, "SIGKILL");
  await until(() => ended === 3, PATIENT);
  expect(told.filter((text) => text.endsWith("is started again"))).toHaveLength(2);
}, 60_000);
