import { join } from "node:path";
import type { ServerOptions } from "../../src/serve/server-options.ts";
import { Server } from "../../src/serve/server.ts";
import { ROOT, spawnDing, type ReadyLine, type RunningDing, type RunOptions } from "./ding.ts";

/** The models that the tests serve. */
export function modelFixture(name: string): string {
  return join(ROOT, "test/support/models", name);
}

/** A server that is ready, and what it said of itself. */
export type StartedServe = RunningDing & ReadyLine;

/** Starts `ding serve` on a free port and waits until its models are loaded; the binary, if not told otherwise. */
export async function startServe(
  args: string[],
  options: RunOptions & { readyMs?: number } = {},
): Promise<StartedServe> {
  const words = ["serve", ...args, "--port", "0", "--json"];
  const serve = spawnDing(words, { runtime: "binary", ...options });
  try {
    return Object.assign(serve, await serve.ready(options.readyMs ?? 60_000));
  } catch (error) {
    await serve[Symbol.asyncDispose]();
    throw error;
  }
}

/** A server in this process, its workers beside it, on a free port. */
export function startServer(options: ServerOptions = {}): Promise<Server> {
  return new Server({ port: 0, logLevel: "error", ...options }).start();
}

/** Asks a model by the native HTTP, one item; the answer whole. */
export async function predict(
  url: string,
  input: unknown,
  { model, ...rest }: { model?: string; timeoutMs?: number; id?: string } = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const path = model === undefined ? "/predict" : `/models/${model}/predict`;
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ input, ...rest }),
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}
