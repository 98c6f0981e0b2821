import { createServer } from "node:net";

/** Below what any system gives to those who ask for no port in particular: whoever is asked next gets none of these. */
const PORTS = { from: 20_000, count: 10_000 };
/** Test processes that run beside each other have ports of their own. */
const LANES = 4;
const LANE = Number(process.env["BUN_TEST_WORKER_ID"] ?? 0) % LANES;
const MOST_TRIES = 100;

const given = new Set<number>();

/** A port that was free a moment ago, and that nobody gets by chance; where the thing under test takes port 0, use that. */
export function freePort(host = "127.0.0.1"): Promise<number> {
  return freePorts(1, host);
}

/** The first of so many in a row. */
export async function freePorts(count: number, host = "127.0.0.1"): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const width = PORTS.count / LANES;
    const from = PORTS.from + LANE * width;
    const first = from + Math.floor(Math.random() * (width - count + 1));
    const ports = Array.from({ length: count }, (_, at) => first + at);
    if (ports.some((port) => given.has(port))) continue;
    for (const port of ports) given.add(port);
    if (await areFree(ports, host)) return first;
  }
  throw new Error(`Cannot find a free port at ${host}`);
}

async function areFree(ports: readonly number[], host: string): Promise<boolean> {
  for (const port of ports) if (!(await isFree(port, host))) return false;
  return true;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
