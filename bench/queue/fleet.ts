import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openQueue } from "../../src/broker/open-queue.ts";
import { delay } from "../../src/core/wait.ts";
import { Client } from "../../src/index.ts";
import { closedLoop } from "../serve/closed-loop.ts";
import { startServer } from "../serve/served.ts";
import { DING } from "../support/ding.ts";
import { familyOf, Processes, residentMebibytes } from "../support/processes.ts";
import { inTurns } from "../support/rounds.ts";
import { ratioRow, valueRow, type Row } from "../support/row.ts";
import { pushRate } from "./flow.ts";

const UNITS = 48;
const MEASURED_MS = 2_000;
const WARM_UP_JOBS = 500;
const POLL_MS = 20;
/** More than is done in a round and its warm-up. */
const JOBS = 15_000;
const UNIT = join(import.meta.dir, "../plugins/asking-unit.ts");

/** 48 units whose jobs are requests to a model of 5 ms per batch, against 48 clients that only ask it. */
export async function* fleet(): AsyncGenerator<Row> {
  const folder = await mkdtemp(join(tmpdir(), "ding-bench-"));
  try {
    await using processes = new Processes();
    const { port } = await startServer(processes, "five-ms");
    await using stack = new AsyncDisposableStack();
    const clients = Array.from({ length: UNITS }, () =>
      stack.use(new Client({ ip: "127.0.0.1", port })),
    );
    await Promise.all(clients.map((client) => client.connect()));
    const url = `sqlite:${join(folder, "jobs.db")}`;
    const units = await startFleet(processes, { url, port });
    await using queue = await openQueue(url);
    const done = await inTurns({
      rounds: 3,
      warmUps: 1,
      real: async () => {
        await pushRate(queue, JOBS);
        const rate = await doneRate(units.url);
        await queue.purge();
        return rate;
      },
      limit: async () => {
        const loop = await closedLoop(clients, MEASURED_MS, (client) =>
          client.encode({ x: new Float32Array(2) }),
        );
        return loop.perSecond;
      },
    });
    const id = "48 units and a 5 ms model, against 48 clients of the same server";
    yield ratioRow({ id, unit: "/s", bound: 0.9 }, done);
    const memory = familyOf(units.pid).reduce(
      (sum, pid) => sum + (residentMebibytes(pid) ?? NaN),
      0,
    );
    yield valueRow({ id: "the fleet's memory", unit: "MiB", bound: 400 }, memory);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function startFleet(
  processes: Processes,
  { url, port }: { url: string; port: number },
): Promise<{ url: string; pid: number }> {
  const words = ["decentral", "start", "--plugin", UNIT, "--queue", url, "--port", "0", "--json"];
  const how = ["--num-client", `${UNITS}`, "--remote-servers", `127.0.0.1:${port}`];
  const { line, pid } = await processes.start(DING, [...words, ...how, "--log-level", "error"]);
  return { url: (JSON.parse(line) as { url: string }).url, pid };
}

/** Jobs a second, once the fleet is at it. */
async function doneRate(url: string): Promise<number> {
  const before = await doneBy(url);
  while ((await doneBy(url)) < before + WARM_UP_JOBS) await delay(POLL_MS);
  const [from, fromMs] = [await doneBy(url), performance.now()];
  await delay(MEASURED_MS);
  return (((await doneBy(url)) - from) / (performance.now() - fromMs)) * 1_000;
}

async function doneBy(url: string): Promise<number> {
  const answer = await fetch(`${url}/status`);
  const { jobs } = (await answer.json()) as { jobs: { done: number } };
  return jobs.done;
}
