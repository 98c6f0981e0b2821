import { expect, test } from "bun:test";
import { msgpack } from "../../../../src/protocol/codec.ts";
import { KIND } from "../../../../src/rpc/message.ts";
import { Session } from "../../../../src/rpc/session.ts";
import { Broadcast } from "../../../../src/serve/native/broadcast.ts";
import { Desk } from "../../../../src/serve/native/desk.ts";
import { NativeClient } from "../../../../src/serve/native/native-client.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { FakeModels } from "../../../support/fake-models.ts";
import { until } from "../../../support/until.ts";

test("NativeClient holds a stream back that nobody reads, whatever its client has promised to take", async () => {
  let made = 0;
  async function* endless(): AsyncGenerator<unknown> {
    for (;;) {
      made += 1;
      yield new Uint8Array(1024 * 1024);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const clock = new FakeClock();
  const models = new FakeModels({ model: { predict: (item) => item, stream: endless } });
  // Its link is broken: what is said to it is kept.
  const session = new Session({ id: "s", clock, heartbeatMs: Infinity, toleranceMs: Infinity });
  const client = new NativeClient(
    session,
    { identity: "a", instance: "b", version: "1", broadcast: false },
    {
      desk: new Desk(models, { clock, isStopping: () => false }),
      broadcast: new Broadcast(),
      status: () => null,
      welcome: () => ({ version: "1", models: [] }),
    },
  );
  client.peer.receive([
    KIND.CALL,
    1,
    "stream",
    { id: "x", credit: 1_000_000 },
    msgpack.encode(null),
  ]);
  await until(() => made >= 4, { what: "a few pieces" });
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(made).toBeLessThan(8);
  session.end();
  client.end();
});
