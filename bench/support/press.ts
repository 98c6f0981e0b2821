import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runLevel } from "../../src/load/run-level.ts";
import { dialTo, requestBytes } from "../../src/load/target.ts";
import { hasWrk, type Pressed, type Pressure, pressWithWrk, type Request } from "./wrk.ts";

/** Loads servers: with wrk where it is, else with the generator of `ding bench serve`. The same for both sides. */
export class Press implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "ding-bench-"));
  readonly #isWrk: boolean;

  private constructor(isWrk: boolean) {
    this.#isWrk = isWrk;
  }

  static async open(): Promise<Press> {
    return new Press(await hasWrk());
  }

  /** Throws when a request fails. */
  async run(request: Request, pressure: Pressure): Promise<Pressed> {
    return this.#isWrk
      ? await pressWithWrk(request, pressure, this.#folder)
      : await pressWithOwn(request, pressure);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

async function pressWithOwn(
  { port, path, headers, body: bytes }: Request,
  { connections, seconds }: Pressure,
): Promise<Pressed> {
  const url = new URL(`http://127.0.0.1:${port}${path}`);
  const level = { mode: "concurrency", value: connections } as const;
  const { requestsPerSecond, failed, latencyMs } = await runLevel(level, {
    dial: dialTo(url, {}),
    requests: [requestBytes(url, { bytes, headers })],
    rows: 1,
    warmUpMs: 0,
    durationMs: seconds * 1_000,
    timeoutMs: 10_000,
    connections,
    chance: Math.random,
  });
  if (failed > 0) throw new Error(`${failed} requests to ${path} failed`);
  return { perSecond: requestsPerSecond, p50Ms: latencyMs.p50, p99Ms: latencyMs.p99 };
}
