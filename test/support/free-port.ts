import { createServer } from "node:net";

/** Below what any system gives to those who ask for no port in particular: whoever is asked next gets none of these. */
const PORTS = { from: 20_000, count: 10_000 };
const MOST_TRIES = 100;

const given = new Set<number>();

/** A port that was free a moment ago, and that nobody gets by chance; where the thing under test takes port 0, use that. */
export async function freePort(host = "127.0.0.1"): Promise<number> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    if (given.has(port) || !(await isFree(port, host))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`Cannot find a free port at ${host}`);
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
