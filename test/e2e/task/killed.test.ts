import { expect, test } from "bun:test";
import { kill } from "node:process";
import { spawnDing, type RunningDing } from "../../support/ding.ts";
import { until } from "../../support/until.ts";

const WATCH = "test/e2e/task/fixtures/watch.ts";
const PATIENT = { timeoutMs: 60_000 };
const IDS = [0, 1, 2];

function pidsOf({ stdout }: RunningDing, nodeId: number): number[] {
  return [...stdout.matchAll(new RegExp(`^node ${nodeId} is (\\d+)\n`, "gm"))].map(([, pid]) =>
    Number(pid),
  );
}

test("ding task --auto-recover: each node in turn is killed; the others hear it, and it comes back", async () => {
  const args = ["--parallel-workers", "3", "--ports", "0", "--auto-recover"];
  await using running = spawnDing(["task", "--main", WATCH, ...args]);
  for (const nodeId of IDS) {
    const [pid] = await until(
      () => pidsOf(running, nodeId).length === 1 && pidsOf(running, nodeId),
      PATIENT,
    );
    kill(pid ?? 0, "SIGKILL");
    const others = IDS.filter((other) => other !== nodeId);
    const isHeard = (other: number): boolean =>
      running.stdout.includes(`${other} hears crash ${nodeId}\n`);
    await until(() => others.every(isHeard) && pidsOf(running, nodeId).length === 2, PATIENT);
  }
  running.kill("SIGTERM");
  const { code, stdout } = await running.waitForExit();
  const ends = stdout.split("\n").filter((line) => line.endsWith("ends"));
  expect([code, ends.toSorted()]).toEqual([0, IDS.map((nodeId) => `node ${nodeId} ends`)]);
});

test("ding task leaves no process behind when it is killed itself; its nodes have crashed for others", async () => {
  const words = ["task", "--main", WATCH, "--ports", "0", "--tolerance-ms", "2000"];
  await using other = spawnDing([...words, "--node-ids", "7", "--topology", "mesh"]);
  const [, address = ""] = await until(
    () => /^task ready on (\S+)\s/m.exec(other.stderr) ?? false,
    PATIENT,
  );
  const attached = ["--parallel-workers", "2", "--attach-to", `tcp://${address}`];
  await using running = spawnDing([...words, ...attached]);
  const pids = await until(() => {
    const found = [0, 1].flatMap((nodeId) => pidsOf(running, nodeId));
    return found.length === 2 && found;
  }, PATIENT);
  const joined = (nodeId: number): boolean => other.stdout.includes(`7 hears join ${nodeId}\n`);
  await until(() => [0, 1].every(joined), PATIENT);
  running.kill("SIGKILL");
  await running.exited;
  const isGone = (pid: number): boolean => {
    try {
      return !kill(pid, 0);
    } catch {
      return true;
    }
  };
  await until(() => pids.every(isGone), PATIENT);
  const isHeard = (nodeId: number): boolean => other.stdout.includes(`7 hears crash ${nodeId}\n`);
  await until(() => [0, 1].every(isHeard), PATIENT);
});
