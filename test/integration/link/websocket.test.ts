import { describe } from "bun:test";
import type { Link } from "../../../src/link/link.ts";
import { acceptLink, dialLink } from "../../../src/link/websocket.ts";
import { serveHttp } from "../../../src/runtime/http-server.ts";
import { linkContract } from "../../contract/link.ts";

describe("WebSocketLink", () =>
  linkContract(async () => {
    const accepted = Promise.withResolvers<Link>();
    const server = await serveHttp({
      host: "127.0.0.1",
      port: 0,
      maxBytes: 64 * 1024 * 1024,
      fetch: (request, info) => acceptLink(request, info, accepted.resolve),
    });
    const near = await dialLink(server.url.replace("http", "ws"), { timeoutMs: 5_000 });
    const far = await accepted.promise;
    return {
      near,
      far,
      async [Symbol.asyncDispose]() {
        near.close("end of test");
        far.close("end of test");
        await Promise.all([near.closed, far.closed]);
        await server[Symbol.asyncDispose]();
      },
    };
  }));
