import { join } from "node:path";
import type { BenchModelName } from "../plugins/serve-models.ts";
import { DING } from "../support/ding.ts";
import type { Processes } from "../support/processes.ts";

const PLUGINS = join(import.meta.dir, "../plugins");
const LIMITS = join(import.meta.dir, "../limits");

/** A model server that is ready. */
export interface Served {
  readonly port: number;
  readonly pid: number;
}

/** Starts `ding serve` with two workers and a plugin of the bench, or the model at a path. */
export async function startServer(
  processes: Processes,
  plugin: string,
  flags: readonly string[] = [],
): Promise<Served> {
  const path = plugin.includes("/") ? plugin : join(PLUGINS, `${plugin}.ts`);
  const args = ["serve", "--plugin", `m=${path}`, "--port", "0", "--workers", "2", "--json"];
  const { line, pid } = await processes.start(DING, [...args, "--log-level", "warn", ...flags]);
  const { address } = JSON.parse(line) as { address: string };
  return { port: Number(address.split(":").at(-1)), pid };
}

/** Starts a prototype of a server, which says its port. */
export async function startBare(
  processes: Processes,
  program: "serve" | "serve-shared" | "http-echo" | "websocket-echo",
  model?: BenchModelName,
): Promise<Served> {
  const args = [join(LIMITS, `${program}.ts`), ...(model === undefined ? [] : [model])];
  const { line, pid } = await processes.start(process.execPath, args);
  return { port: Number(line), pid };
}
