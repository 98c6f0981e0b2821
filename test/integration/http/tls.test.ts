import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { createApp } from "../../../src/http/app.ts";
import { HttpClient } from "../../../src/http/client.ts";
import { listenHttp, type ListeningApp } from "../../../src/http/listen.ts";
import type { TlsOptions } from "../../../src/http/tls.ts";
import { messageOf, type DingError } from "../../../src/core/errors.ts";
import { until } from "../../support/until.ts";
import { rawServer } from "./raw-server.ts";

/** Made by an authority of its own; good from 2020 to 2119, for localhost and 127.0.0.1. */
const pem = (name: string): string => readFileSync(join(import.meta.dirname, "tls", name), "utf8");
const ca = pem("ca.pem");
const SERVER = { cert: pem("server.pem"), key: pem("server.key") };
const CLIENT = { cert: pem("client.pem"), key: pem("client.key") };

function serve(tls: { cert: string; key: string; ca?: string }): Promise<ListeningApp> {
  const app = createApp({ health: { isLive: () => true, isReady: () => true } });
  return listenHttp(app, { host: "127.0.0.1", port: 0, tls, token: undefined });
}

async function askLive(server: ListeningApp, tls: TlsOptions | undefined): Promise<unknown> {
  using client = new HttpClient({ tls });
  const url = `https://127.0.0.1:${server.port}/health/live`;
  return await client.request({ method: "GET", url }).then(
    ({ status }) => status,
    (error: unknown) => (error as DingError).code,
  );
}

test("HttpClient trusts the authority it is told of, and no stranger", async () => {
  await using server = await serve(SERVER);
  expect(await askLive(server, { ca })).toBe(200);
  expect(await askLive(server, undefined)).toBe("network.unreachable");
});

test("HttpClient says why it does not trust", async () => {
  await using server = await serve(SERVER);
  using client = new HttpClient();
  const url = `https://127.0.0.1:${server.port}/`;
  const message = await client.request({ method: "GET", url }).catch(messageOf);
  expect(message).toMatch(/^Cannot reach https:\/\/127\.0\.0\.1:\d+: .*certificate/);
});

test("HttpClient shows its certificate to a server that asks for one", async () => {
  await using server = await serve({ ...SERVER, ca });
  expect(await askLive(server, { ca, ...CLIENT })).toBe(200);
  expect(await askLive(server, { ca })).not.toBe(200);
});

test("HttpClient gives up when the connection does not stand in time", async () => {
  await using silent = await rawServer(() => {});
  using client = new HttpClient({ tls: { ca } });
  const url = `https://127.0.0.1:${silent.port}`;
  const asked = client.request({ method: "GET", url, connectTimeoutMs: 100 });
  const error = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown as DingError,
  );
  expect(error?.code).toBe("network.timeout");
  expect(error?.message).toBe(`Cannot reach ${url}: no answer within 100 ms`);
  await until(() => silent.open.size === 0);
});

test("HttpClient speaking plainly to a TLS server fails, and does not hang", async () => {
  await using server = await serve(SERVER);
  using client = new HttpClient();
  const url = `http://127.0.0.1:${server.port}/health/live`;
  const outcome = await client.request({ method: "GET", url, timeoutMs: 2_000 }).then(
    ({ status }) => status,
    (thrown: unknown) => (thrown as DingError).code,
  );
  expect(outcome).not.toBe(200);
});
