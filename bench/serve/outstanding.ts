import { Client } from "../../src/index.ts";
import { cpuMs, familyOf, Processes } from "../support/processes.ts";
import { inTurns } from "../support/rounds.ts";
import { ratioRow, type Row } from "../support/row.ts";
import { BENCH_MODELS } from "../plugins/serve-models.ts";
import { type Served, startServer } from "./served.ts";

const MANY = 20_000;
const FEW = 100;
const REQUESTS = 60_000;
const ROUNDS = 5;
const ITEM = { x: new Float32Array(BENCH_MODELS.twice.floatsIn) };

/** What a request costs the server's processor when very many wait, and when few do. */
export async function* outstanding(): AsyncGenerator<Row> {
  await using processes = new Processes();
  const flags = ["--batch-size", "32", "--queue-limit", "30000"];
  const server = await startServer(processes, "twice", flags);
  if (cpuMs([server.pid]) === undefined) return;
  const compared = await inTurns({
    rounds: ROUNDS,
    real: () => costMicros(server, MANY),
    limit: () => costMicros(server, FEW),
  });
  const id = "cost of a request, 20,000 outstanding against 100";
  yield ratioRow({ id, unit: "µs", bound: 1.5 }, compared);
}

async function costMicros({ port, pid }: Served, window: number): Promise<number> {
  await using client = new Client({ ip: "127.0.0.1", port, window });
  await client.connect();
  const family = familyOf(pid);
  const before = cpuMs(family) ?? Number.NaN;
  let left = REQUESTS;
  const lane = async (): Promise<void> => {
    while (left-- > 0) await client.encode(ITEM);
  };
  await Promise.all(Array.from({ length: window }, lane));
  return (((cpuMs(family) ?? Number.NaN) - before) * 1_000) / REQUESTS;
}
