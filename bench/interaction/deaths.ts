import { join } from "node:path";
import { Master } from "../../src/index.ts";
import { CHANNEL, startSlave } from "../support/ding.ts";
import { Processes } from "../support/processes.ts";
import { median } from "../support/rounds.ts";
import { type Row, valueRow } from "../support/row.ts";

const VICTIM = join(import.meta.dir, "victim.ts");
const DEATHS = 7;
const BOUND_MS = 100;
const DEADLINE_MS = 20_000;

/** `kill -9` of a slave until its task is LOST and its connection closed at the master. */
export async function* slaveDeath(): AsyncGenerator<Row> {
  await using master = await new Master({ channel: CHANNEL }).start();
  const timesMs: number[] = [];
  for (let round = 0; round < DEATHS; round++) {
    await using processes = new Processes();
    const slave = await startSlave(processes, "process");
    const connection = master.newConnection(`n${round}`, "127.0.0.1", slave.port);
    await connection.connect();
    const task = await connection.newTask({ hang: true }).start();
    const startedMs = performance.now();
    slave.child.kill("SIGKILL");
    await task.join({ timeoutMs: DEADLINE_MS });
    await connection.closed;
    timesMs.push(performance.now() - startedMs);
    if (task.status !== "LOST" || connection.isConnected) {
      throw new Error(`A killed slave leaves its task ${task.status}`);
    }
  }
  yield* rows("slave's death seen by the master", timesMs, 15_800);
}

/** `kill -9` of a master until its slave takes another one. */
export async function* masterDeath(): AsyncGenerator<Row> {
  await using processes = new Processes();
  await using heir = await new Master({ channel: CHANNEL }).start();
  const slave = await startSlave(processes, "process");
  const timesMs: number[] = [];
  for (let round = 0; round < DEATHS; round++) {
    const victim = await processes.start(process.execPath, [VICTIM, String(slave.port)]);
    if (await isTaken(heir, slave.port)) throw new Error("A slave takes a second master");
    const startedMs = performance.now();
    victim.child.kill("SIGKILL");
    while (!(await isTaken(heir, slave.port))) {
      if (performance.now() - startedMs > DEADLINE_MS) throw new Error("A dead master is not seen");
    }
    timesMs.push(performance.now() - startedMs);
    await heir.get("heir")?.disconnect();
  }
  yield* rows("master's death seen by the slave", timesMs, 7_800);
}

async function isTaken(master: Master, port: number): Promise<boolean> {
  const connection = master.newConnection("heir", "127.0.0.1", port);
  try {
    await connection.connect();
  } catch {
    return false;
  }
  return true;
}

function* rows(id: string, timesMs: readonly number[], peer: number): Generator<Row> {
  yield valueRow({ id, unit: "ms", peer, bound: BOUND_MS }, median(timesMs));
  yield valueRow({ id: `${id}, worst`, unit: "ms", peer, bound: BOUND_MS }, Math.max(...timesMs));
}
