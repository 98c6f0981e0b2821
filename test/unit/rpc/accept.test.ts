import { expect, test } from "bun:test";
import { MemoryLink } from "../../../src/link/memory.ts";
import { SessionAcceptor } from "../../../src/rpc/accept.ts";
import { encodeMessage, KIND } from "../../../src/rpc/message.ts";
import type { Session } from "../../../src/rpc/session.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { until } from "../../support/until.ts";

const HELLO = encodeMessage([
  KIND.HELLO,
  { protocol: 1, session: "session-1", resume: false, received: 0, toleranceMs: 4_000, data: null },
]);

function acceptor(onSession: (session: Session) => void = () => {}): SessionAcceptor {
  return new SessionAcceptor({
    clock: new FakeClock(),
    boot: "boot-1",
    handshakeTimeoutMs: 1_000,
    heartbeatMs: 1_000,
    toleranceMs: 4_000,
    resumeMs: 1_000,
    admit: async () => ({
      welcome: null,
      listen(session) {
        onSession(session);
        return { message() {}, detached() {}, ended() {} };
      },
    }),
  });
}

test("accept() closes the link of a session that ends while it is told of", async () => {
  const [near, far] = MemoryLink.pair();
  using accepting = acceptor((session) => queueMicrotask(() => session.end()));
  const ending = acceptor((session) => session.end());
  const [other, farther] = MemoryLink.pair();
  void accepting.accept(far);
  void ending.accept(farther);
  near.send(HELLO);
  other.send(HELLO);
  await until(() => near.isClosed && other.isClosed, { what: "both links to close" });
});

test("accept() keeps at most 64 links that say nothing: the oldest goes", async () => {
  using accepting = acceptor();
  const pairs = Array.from({ length: 66 }, () => MemoryLink.pair());
  for (const [, far] of pairs) void accepting.accept(far);
  await until(() => pairs[1]?.[0].isClosed, { what: "the second link to close" });
  expect(pairs.map(([, far]) => far.isClosed).indexOf(false)).toBe(2);
  // Those that have a session do not count, and none of them goes.
  const [first] = pairs[2] ?? [];
  first?.send(HELLO);
  await new Promise((resolve) => setImmediate(resolve));
  const more = Array.from({ length: 64 }, () => MemoryLink.pair());
  for (const [, far] of more) void accepting.accept(far);
  expect([first?.isClosed, more[0]?.[1].isClosed]).toEqual([false, false]);
});
