import { expect, test } from "bun:test";
import type { DingError } from "../../../src/core/errors.ts";
import { MemoryLink } from "../../../src/link/memory.ts";
import { SessionAcceptor } from "../../../src/rpc/accept.ts";
import { exchangeHello } from "../../../src/rpc/handshake.ts";
import { encodeMessage, KIND } from "../../../src/rpc/message.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const greeting = {
  session: "session-1",
  resume: false,
  received: 0,
  toleranceMs: 60_000,
  data: null,
};

function acceptor(clock: FakeClock, admit: () => Promise<unknown>): SessionAcceptor {
  return new SessionAcceptor({
    clock,
    boot: "boot-1",
    handshakeTimeoutMs: 1_000,
    heartbeatMs: 1_000,
    toleranceMs: 4_000,
    resumeMs: 1_000,
    admit: async () => ({
      welcome: await admit(),
      listen: () => ({ message() {}, detached() {}, ended() {} }),
    }),
  });
}

test("exchangeHello() waits for an acceptor that says that it is still thinking", async () => {
  const clock = new FakeClock();
  const [near, far] = MemoryLink.pair();
  const decided = Promise.withResolvers<unknown>();
  using accepting = acceptor(clock, () => decided.promise);
  void accepting.accept(far);
  const welcome = exchangeHello(near, greeting, { clock, timeoutMs: 500 });
  await clock.play(5_000);
  decided.resolve("come in");
  await clock.play(10);
  expect((await welcome).data).toBe("come in");
});

test("exchangeHello() gives up on an acceptor that says nothing", async () => {
  const clock = new FakeClock();
  const [near] = MemoryLink.pair();
  const error = exchangeHello(near, greeting, { clock, timeoutMs: 500 }).catch(
    (thrown: DingError) => thrown,
  );
  await clock.play(600);
  expect(((await error) as DingError).code).toBe("network.timeout");
});

test("accept() keeps no session for a peer that left before it was welcomed", async () => {
  const clock = new FakeClock();
  const [near, far] = MemoryLink.pair();
  const decided = Promise.withResolvers<unknown>();
  using accepting = acceptor(clock, () => decided.promise);
  const accepted = accepting.accept(far);
  void exchangeHello(near, greeting, { clock, timeoutMs: 500 }).catch(() => {});
  await clock.play(50);
  near.terminate();
  decided.resolve(null);
  await accepted;
  await clock.play(10);
  expect(clock.pending).toBe(0);
});

test("accept() turns away a HELLO that does not come alone", async () => {
  const clock = new FakeClock();
  const [near, far] = MemoryLink.pair();
  using accepting = acceptor(clock, async () => null);
  const hello = encodeMessage([KIND.HELLO, { protocol: 1, ...greeting }]);
  const more = encodeMessage([KIND.CALL, 1, "task", null, undefined]);
  near.send(Buffer.concat([hello, more]));
  expect(await accepting.accept(far)).toBe(false);
});
