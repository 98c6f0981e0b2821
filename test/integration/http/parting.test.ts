import { expect, test } from "bun:test";
import { createApp } from "../../../src/http/app.ts";
import { listenHttp } from "../../../src/http/listen.ts";
import { KeepAlive } from "../../support/keep-alive.ts";
import { until } from "../../support/until.ts";

test("finish() after part() cuts off nobody who asks without a pause: an answer, or nobody listens", async () => {
  const app = createApp({ health: { isLive: () => true, isReady: () => true } });
  app.post("/", (context) => context.text("here"));
  const server = await listenHttp(app, { host: "127.0.0.1", port: 0, token: undefined });
  let [answers, closing] = [0, 0];
  const ends: unknown[] = [];
  const clients = Array.from({ length: 12 }, () => new KeepAlive(server.port));
  const asking = clients.map(async (client) => {
    try {
      for (;;) {
        const { status, headers } = await client.post("/", "");
        if (status === 200) answers += 1;
        if (headers.get("connection") === "close") closing += 1;
      }
    } catch (thrown) {
      ends.push((thrown as { code?: string }).code);
    }
  });
  await until(() => answers > 100, { what: "answers" });
  expect(closing).toBe(0);
  server.part();
  await until(() => closing > 100, { what: "answers that close their connections" });
  await server.finish();
  await Promise.all(asking);
  expect(ends).toEqual(clients.map(() => "ECONNREFUSED"));
  for (const client of clients) client[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});
