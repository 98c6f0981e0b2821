import { exactCpuMs, familyOf, Processes } from "../support/processes.ts";
import { type Row, valueRow } from "../support/row.ts";
import { startServer } from "./served.ts";

/** The runtime still collects what the start has left, for some ten seconds. */
const SETTLE_MS = 15_000;
const WATCHED_MS = 10_000;

/** What a server with two workers does while nobody asks. */
export async function* idle(): AsyncGenerator<Row> {
  await using processes = new Processes();
  const { pid } = await startServer(processes, "twice", ["--batch-size", "16"]);
  await Bun.sleep(SETTLE_MS);
  const family = familyOf(pid);
  const before = exactCpuMs(family);
  if (before === undefined) return;
  await Bun.sleep(WATCHED_MS);
  const busyMs = (exactCpuMs(family) ?? Number.NaN) - before;
  const id = `idle server, ${family.length} processes, share of a core`;
  yield valueRow({ id, unit: "%", bound: 1 }, (busyMs * 100) / WATCHED_MS);
}
