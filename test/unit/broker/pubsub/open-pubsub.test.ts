import { expect, test } from "bun:test";
import { openPubSub } from "../../../../src/broker/pubsub/open-pubsub.ts";
import { freePort } from "../../../support/free-port.ts";
import { thrownBy } from "../../../support/thrown-by.ts";

test("openPubSub() refuses what is no broker's URL, and shows no password", async () => {
  const urls = ["", "kafka://x", "sqlite:./x.db", "redis:x", "nats://h/path", "redis://h?queue=x"];
  for (const url of [...urls, "memory:x?y=1", "redis://u:secret@h:0", "nats://u:se%cret@h"]) {
    const error = await thrownBy(openPubSub(url));
    expect(error).toMatchObject({ code: "usage.invalid-option" });
    const { message } = error as Error;
    expect(message).toStartWith('Cannot use broker "');
    expect(message).not.toMatch(/queue's|se%?cret/);
  }
});

test("openPubSub() says where nobody is", async () => {
  const port = await freePort();
  for (const scheme of ["redis", "nats"]) {
    expect(await thrownBy(openPubSub(`${scheme}://127.0.0.1:${port}`))).toMatchObject({
      code: "network.unreachable",
      message: expect.stringContaining(`Cannot open broker "${scheme}://127.0.0.1:${port}": `),
    });
  }
});
