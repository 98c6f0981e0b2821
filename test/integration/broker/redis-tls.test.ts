import { expect, test } from "bun:test";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as plainServer, type AddressInfo, type Server } from "node:net";
import { createServer } from "node:tls";
import { openQueue } from "../../../src/broker/open-queue.ts";
import { thrownBy } from "../../support/thrown-by.ts";

const TLS = new URL("../http/tls/", import.meta.url);

async function portOf(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("openQueue() looks at the certificate of a server that is named by its address", async () => {
  const [key, cert] = ["server.key", "server.pem"].map((name) => readFileSync(new URL(name, TLS)));
  await using server = createServer({ key, cert });
  server.on("tlsClientError", () => {});
  const url = `rediss://127.0.0.1:${await portOf(server)}`;
  expect(await thrownBy(openQueue(url))).toMatchObject({
    code: "network.unreachable",
    message: expect.stringMatching(/certificate/),
    hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
  });
});

test("openQueue() says of a server that speaks no Redis that it closes the connection", async () => {
  await using server = plainServer((socket) => socket.resume().end("INFO {}\r\n"));
  const url = `redis://127.0.0.1:${await portOf(server)}`;
  expect(await thrownBy(openQueue(url))).toMatchObject({
    code: "network.unreachable",
    message: `Cannot open queue "${url}": it closes the connection`,
  });
});
