import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, DING } from "../support/ding.ts";
import { Processes } from "../support/processes.ts";
import { type Row, valueRow } from "../support/row.ts";

const LEAGUE = join(import.meta.dir, "../../examples/league");
const TASKS = 500;
const DEADLINE_MS = 60_000;

/** What a coordinator says of how long tasks waited for a worker that was free. */
interface Status {
  assign: { count: number; p50Ms: number | null; p99Ms: number | null };
}

/** examples/league, whose collectors are given a new task every few milliseconds. */
export async function* assignments(): AsyncGenerator<Row> {
  build();
  const folder = mkdtempSync(join(tmpdir(), "ding-bench-"));
  await using processes = new Processes();
  try {
    const config = join(folder, "league.ts");
    await Bun.write(config, endless());
    const args = ["coordinator", "--config", config, "--local", "2", "--json", "--port", "0"];
    const { line } = await processes.start(DING, [
      ...args,
      "--snapshot-dir",
      join(folder, "state"),
      "--log-dir",
      join(folder, "log"),
    ]);
    const { url } = JSON.parse(line) as { url: string };
    const status = await assigned(url);
    const id = "a queued task to a free worker, p50";
    yield valueRow({ id, unit: "ms", bound: 2 }, status.assign.p50Ms ?? Infinity);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function assigned(url: string): Promise<Status> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const status = (await (await fetch(`${url}/status`)).json()) as Status;
    if (status.assign.count >= TASKS || performance.now() > deadline) return status;
    await Bun.sleep(200);
  }
}

/** The example, which goes on when it has learned. */
function endless(): string {
  return `import run from ${JSON.stringify(join(LEAGUE, "config.ts"))};
const { main } = run;
export default {
  ...run,
  main: {
    ...main,
    commander: { ...main.commander, stopValue: 2 },
    collector: { plugin: ${JSON.stringify(join(LEAGUE, "collector.ts"))} },
    learner: { plugin: ${JSON.stringify(join(LEAGUE, "learner.ts"))} },
  },
};
`;
}
