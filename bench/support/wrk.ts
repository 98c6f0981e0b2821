import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { installPackages } from "../../scripts/test-services/debian.ts";

/** What a load of requests got. */
export interface Pressed {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** A POST request to a port of this machine. */
export interface Request {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** How hard, and how long. */
export interface Pressure {
  readonly connections: number;
  readonly seconds: number;
}

const UNITS_MS: Record<string, number> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };

/** Is wrk here? Installs it where that can be done. */
export async function hasWrk(): Promise<boolean> {
  return Bun.which("wrk") !== null || (await installPackages(["wrk"])) === undefined;
}

/** Loads with wrk, one thread; `folder` is for its files. Throws when a request fails. */
export async function pressWithWrk(
  { port, path, headers, body }: Request,
  { connections, seconds }: Pressure,
  folder: string,
): Promise<Pressed> {
  const [bodyFile, script] = [join(folder, "body"), join(folder, "request.lua")];
  writeFileSync(bodyFile, body);
  const lines = Object.entries(headers).map(([name, value]) => {
    return `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`;
  });
  const read = `local file = io.open(${JSON.stringify(bodyFile)}, "rb")\nwrk.body = file:read("*a")`;
  writeFileSync(script, `wrk.method = "POST"\n${read}\n${lines.join("\n")}\n`);
  const sizes = ["-t1", `-c${connections}`, `-d${seconds}`, "--timeout", "10", "--latency"];
  const text = await output("wrk", [...sizes, "-s", script, `http://127.0.0.1:${port}${path}`]);
  const fault = /Non-2xx.*|Socket errors.*/.exec(text)?.[0];
  if (fault !== undefined) throw new Error(`wrk at ${path}: ${fault}`);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
  return { perSecond, p50Ms: quantileMs(text, 50), p99Ms: quantileMs(text, 99) };
}

function quantileMs(text: string, percent: number): number {
  const [, value, unit = ""] =
    new RegExp(`\\b${percent}%\\s+([\\d.]+)(us|ms|s|m)`).exec(text) ?? [];
  return Number(value) * (UNITS_MS[unit] ?? Number.NaN);
}

async function output(program: string, args: string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk));
  const [code] = await new Promise<[number | null]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve([exitCode]));
  });
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${text}`);
  return text;
}
