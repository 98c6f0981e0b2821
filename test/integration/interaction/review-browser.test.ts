import { expect, test } from "bun:test";
import { startSlave } from "../../support/interaction.ts";

async function ask(url: string, headers: Record<string, string>): Promise<[number, unknown]> {
  const response = await fetch(url, { headers });
  return [response.status, await response.json()];
}

test("a slave without a token opens no session for a web page, and answers to no foreign name", async () => {
  await using slave = await startSlave(() => 1);
  const base = `http://127.0.0.1:${slave.port}`;
  const upgrade = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const page = { ...upgrade, Origin: "https://evil.example" };
  const [status, body] = await ask(`${base}/session`, page);
  expect([status, body]).toMatchObject([
    403,
    { success: false, data: { error: { code: "auth.refused", hint: expect.any(String) } } },
  ]);
  expect((await ask(`${base}/status`, { Host: "evil.example" }))[0]).toBe(403);
  expect((await ask(`${base}/session`, { ...upgrade, Host: "evil.example" }))[0]).toBe(403);
  expect((await ask(`${base}/status`, { Host: `localhost:${slave.port}` }))[0]).toBe(200);
});
