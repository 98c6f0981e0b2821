import { expect, test } from "bun:test";
import { RoleClient } from "../../../src/http/role-client.ts";

const NAME = { role: "decentral", thing: "fleet" };

function serving(status: object): Bun.Server<undefined> {
  return Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json(status) });
}

test("gone() says so when the role does not end, and resolves when another run has its port or nobody", async () => {
  const server = serving({ role: "decentral", boot: "a" });
  using client = new RoleClient({ host: "127.0.0.1", port: server.port ?? 0 }, NAME);
  const fault: unknown = await client.gone({ boot: "a" }, 100).catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: "wait.timeout" });
  await client.gone({ boot: "b" }, 10_000);
  await server.stop(true);
  await client.gone({ boot: "a" }, 10_000);
});

test("ask() takes nobody else for the role", async () => {
  const server = serving({ role: "serve" });
  using client = new RoleClient({ host: "127.0.0.1", port: server.port ?? 0 }, NAME);
  const fault: unknown = await client.status().catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: "network.protocol" });
  await server.stop(true);
});
