import { spawnSync } from "node:child_process";
import { DING, type Isolate, startSlave } from "../support/ding.ts";
import { childrenOf, Processes, residentMebibytes } from "../support/processes.ts";
import { median } from "../support/rounds.ts";
import { type Row, valueRow } from "../support/row.ts";

const SPAWNS = 20;
const ANCESTOR_MEBIBYTES = 38;

/** How long `ding --version` takes, and what idle slaves and workers hold. */
export async function* atRest(): AsyncGenerator<Row> {
  const startUps = Array.from({ length: SPAWNS }, () => {
    const startedMs = performance.now();
    if (spawnSync(DING, ["--version"]).status !== 0) throw new Error("ding --version fails");
    return performance.now() - startedMs;
  });
  yield valueRow({ id: "start-up, ding --version", unit: "ms", bound: 40 }, median(startUps));
  yield* idle("none");
  yield* idle("process");
}

async function* idle(isolate: Isolate): AsyncGenerator<Row> {
  await using processes = new Processes();
  const slave = await startSlave(processes, isolate);
  const pids = [slave.pid, ...childrenOf(slave.pid)];
  for (const [index, pid] of pids.entries()) {
    const mebibytes = residentMebibytes(pid);
    if (mebibytes === undefined) continue;
    const id = `idle memory, ${index === 0 ? `slave, isolate ${isolate}` : `worker ${index}`}`;
    yield valueRow({ id, unit: "MiB", peer: ANCESTOR_MEBIBYTES }, mebibytes);
  }
}
