import { availableParallelism } from "node:os";
import { join } from "node:path";
import { CELLS, CONTEXT, FRAME, LAYERS } from "../../examples/voice/frame.ts";
import { inferBody } from "../../src/load/infer-body.ts";
import type { LoadTensor } from "../../src/load/random-tensor.ts";
import type { Press } from "../support/press.ts";
import { Processes } from "../support/processes.ts";
import { inTurns } from "../support/rounds.ts";
import { ratioRow, type Row } from "../support/row.ts";
import type { Request } from "../support/wrk.ts";
import { ask } from "./requests.ts";
import { startServer } from "./served.ts";

const PLUGIN = join(import.meta.dir, "../../examples/voice/voice.ts");
const BARE = join(import.meta.dir, "../limits/silero.ts");
const BATCH_SIZE = 32;
const WORKERS = 2;
const SECONDS = 2;
const WARM_UP_SECONDS = 4;
const ROUNDS = 5;

/** A real model: how much of what its cores could do comes through the server, and is batching worth it? */
export async function* silero(press: Press): AsyncGenerator<Row> {
  await using processes = new Processes();
  const batching = await startServer(processes, PLUGIN, ["--batch-size", String(BATCH_SIZE)]);
  const single = await startServer(processes, PLUGIN, ["--batch-size", "1"]);
  const rate = async (port: number, rows: number, connections: number): Promise<number> => {
    const { perSecond } = await press.run(request(port, rows), { connections, seconds: SECONDS });
    return perSecond * rows;
  };
  for (const { port } of [batching, single]) {
    await ask(request(port, 1));
    await press.run(request(port, 1), { connections: 64, seconds: WARM_UP_SECONDS });
    await rate(port, BATCH_SIZE, 4);
  }
  const best = await bestInProcess(processes);
  const whole = await inTurns({
    rounds: ROUNDS,
    real: () => rate(batching.port, BATCH_SIZE, 4),
    limit: () => inProcess(processes, { ...best, seconds: SECONDS }),
  });
  const id = `silero, ${BATCH_SIZE} rows a request, against the best of one process`;
  yield ratioRow({ id, unit: "/s", bound: 0.75 }, whole);
  const both = await inTurns({
    rounds: ROUNDS,
    real: () => rate(batching.port, BATCH_SIZE, 4),
    limit: () => inProcesses(processes),
  });
  yield ratioRow({ id: `the same, against ${WORKERS} processes with no server`, unit: "/s" }, both);
  const worth = await inTurns({
    rounds: ROUNDS,
    real: () => rate(batching.port, 1, 64),
    limit: () => rate(single.port, 1, 64),
  });
  const head = { id: "silero, 1 row a request, batch 32 against 1", unit: "/s", bound: 2 } as const;
  yield ratioRow(head, worth);
}

interface How {
  readonly rows: number;
  readonly threads: number;
}

/** Who has the model in a program of his own: the batch size and the number of threads that are quickest here. */
async function bestInProcess(processes: Processes): Promise<How> {
  let best = { rows: 0, threads: 0, perSecond: 0 };
  for (const threads of [1, availableParallelism()]) {
    for (const rows of [BATCH_SIZE, 4 * BATCH_SIZE]) {
      const perSecond = await inProcess(processes, { rows, threads, seconds: 1 });
      if (perSecond > best.perSecond) best = { rows, threads, perSecond };
    }
  }
  return best;
}

async function inProcess(
  processes: Processes,
  { rows, threads, seconds }: How & { seconds: number },
): Promise<number> {
  const args = [BARE, rows, seconds, threads].map(String);
  return Number((await processes.start(process.execPath, args)).line);
}

/** As many programs as the server has workers, all at it, and nobody to hand out the work. */
async function inProcesses(processes: Processes): Promise<number> {
  const how = { rows: BATCH_SIZE, threads: 1, seconds: SECONDS };
  const all = Array.from({ length: WORKERS }, () => inProcess(processes, how));
  return (await Promise.all(all)).reduce((sum, rate) => sum + rate, 0);
}

function request(port: number, rows: number): Request {
  const tensors = [tensor("x", [rows, CONTEXT + FRAME]), tensor("state", [rows, LAYERS, CELLS])];
  const { bytes, headers } = inferBody(tensors, "binary");
  return { port, path: "/v2/models/m/infer", headers, body: bytes };
}

function tensor(name: string, shape: readonly number[]): LoadTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const data = Array.from({ length: count }, (_, at) => ((at * 7_919) % 1_000) / 1_000);
  return { name, datatype: "FP32", shape, data };
}
