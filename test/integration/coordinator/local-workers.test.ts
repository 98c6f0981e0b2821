import { join } from "node:path";
import { expect, test } from "bun:test";
import { systemClock } from "../../../src/core/clock.ts";
import { silentLogger } from "../../../src/core/log.ts";
import { LocalWorkers } from "../../../src/coordinator/local/local-workers.ts";
import { freePort } from "../../support/free-port.ts";
import { until } from "../../support/until.ts";

const PLUGIN = join(import.meta.dir, "../../e2e/fixtures/coordinator/collector.ts");

test("a local worker that is killed again and again before it joins is started again and again", async () => {
  const broken: Error[] = [];
  const pids: number[] = [];
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
    log: silentLogger,
    onEnded: () => {},
    onBroken: (error) => void broken.push(error),
  });
  expect(workers.add("collector")).toBe("local-collector-0");
  await until(() => pids.length === 3 || broken[0], { timeoutMs: 50_000 });
  expect(broken).toEqual([]);
  expect(new Set(pids).size).toBe(3);
}, 60_000);
