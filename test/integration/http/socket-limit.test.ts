import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { createApp } from "../../../src/http/app.ts";
import { listenHttp, type SocketRoute } from "../../../src/http/listen.ts";
import { acceptLink, dialLink } from "../../../src/link/websocket.ts";
import { thrownBy } from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

test("listenHttp() answers 503 when as many WebSockets are open as may be, and no longer", async () => {
  const app = createApp({ health: { isLive: () => true, isReady: () => true } });
  const route: SocketRoute = (request, info) => acceptLink(request, info, () => {});
  await using server = await listenHttp(app, {
    host: "127.0.0.1",
    port: 0,
    token: undefined,
    sockets: { "/session": route },
    maxSockets: 2,
  });
  const dial = () => dialLink(`ws://127.0.0.1:${server.port}/session`, { timeoutMs: 1_000 });
  const [first] = [await dial(), await dial()];
  const { code, message } = (await thrownBy(dial())) as DingError;
  expect([code, message]).toEqual(["network.protocol", expect.stringContaining("503")]);
  first.close("done");
  await until(
    () =>
      dial().then(
        () => true,
        () => false,
      ),
    { what: "a free place" },
  );
});
