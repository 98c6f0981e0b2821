import { expect, test } from "bun:test";
import { DingError, NetworkError } from "../../../src/core/errors.ts";
import { abortable } from "../../../src/core/wait.ts";
import type { Link } from "../../../src/link/link.ts";
import { MemoryLink } from "../../../src/link/memory.ts";
import { SessionAcceptor } from "../../../src/rpc/accept.ts";
import { dialSession } from "../../../src/rpc/dial.ts";
import { encodeMessage, KIND } from "../../../src/rpc/message.ts";
import type { Session } from "../../../src/rpc/session.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { thrownBy } from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

/** An acceptor that can be dialled, cut, hidden and replaced by another process. */
class Place {
  readonly clock = new FakeClock();
  readonly got: unknown[] = [];
  readonly ends: (DingError | undefined)[] = [];
  acceptor = this.#newAcceptor("boot-1");
  links: MemoryLink[] = [];
  accepted: Session | undefined;
  refusal: DingError | undefined;
  dials = 0;
  dial: (signal: AbortSignal) => Promise<Link> = async () => this.#dial();

  restart(): void {
    this.acceptor = this.#newAcceptor("boot-2");
  }

  cut(): void {
    this.links.at(-1)?.terminate();
  }

  #dial(): Link {
    const [near, far] = MemoryLink.pair();
    this.links.push(far);
    void this.acceptor.accept(far);
    return near;
  }

  #newAcceptor(boot: string): SessionAcceptor {
    return new SessionAcceptor({
      clock: this.clock,
      boot,
      heartbeatMs: 1_000,
      toleranceMs: 4_000,
      handshakeTimeoutMs: 1_000,
      resumeMs: 10_000,
      admit: async () => {
        if (this.refusal) throw this.refusal;
        return {
          welcome: "welcome",
          listen: (session) => {
            this.accepted = session;
            return {
              message: (message) => this.got.push(message[2]),
              detached() {},
              ended: (error) => this.ends.push(error),
            };
          },
        };
      },
    });
  }
}

function dialling(place: Place, signal?: AbortSignal) {
  const log: unknown[] = [];
  const opened = dialSession(
    {
      clock: place.clock,
      heartbeatMs: 1_000,
      toleranceMs: 4_000,
      connectTimeoutMs: 1_000,
      hello: null,
      signal,
      openLink: (until) => {
        place.dials += 1;
        return place.dial(until);
      },
    },
    () => ({
      message() {},
      interrupted: () => log.push("interrupted"),
      resumed: () => log.push("resumed"),
      ended: (error) => log.push(["ended", error?.code]),
    }),
  );
  return { opened, log };
}

test("dialSession() opens a session, and takes it up again when its link breaks", async () => {
  const place = new Place();
  const { opened, log } = dialling(place);
  const { session, welcome } = await opened;
  expect(welcome).toBe("welcome");
  session.send([KIND.EVENT, 1, "a", undefined]);
  await until(() => place.got.length === 1, { what: "a" });
  place.cut();
  session.send([KIND.EVENT, 1, "b", undefined]);
  await until(() => log.includes("resumed"), { what: "the new link" });
  await until(() => place.got.length === 2, { what: "b" });
  expect([place.got, log, place.dials]).toEqual([["a", "b"], ["interrupted", "resumed"], 2]);
  session.end();
});

test("dialSession() rejects with the acceptor's refusal, and closes its link", async () => {
  const place = new Place();
  place.refusal = new DingError("peer.refused", "not you", { details: { code: 501 } });
  const error = (await thrownBy(dialling(place).opened)) as DingError;
  expect([error.code, error.message, error.details["code"]]).toEqual([
    "peer.refused",
    "not you",
    501,
  ]);
  await until(() => place.links[0]?.isClosed, { what: "the link to close" });
});

test.each([
  ["nobody listens", "network.refused"],
  ["another process does", "network.closed"],
  ["the session is not known", "network.closed"],
  ["another program answers", "network.protocol"],
  ["a program that speaks no HTTP answers", "network.protocol"],
])("dialSession() ends the session at once when %s", async (what, code) => {
  const place = new Place();
  const { opened, log } = dialling(place);
  await opened;
  if (what === "nobody listens") {
    place.dial = () => Promise.reject(new NetworkError("network.refused", "nobody"));
  } else if (what === "another program answers") {
    const status = { details: { status: 404 } };
    place.dial = () => Promise.reject(new NetworkError("network.protocol", "web", status));
  } else if (what === "a program that speaks no HTTP answers") {
    const ssh = { details: { isOtherProtocol: true } };
    place.dial = () => Promise.reject(new NetworkError("network.protocol", "no HTTP", ssh));
  } else if (what === "another process does") {
    place.restart();
  } else {
    place.accepted?.end(new DingError("peer.refused", "evicted"));
  }
  if (what !== "the session is not known") place.cut();
  await until(() => log.length === 2, { what: "the end" });
  expect(log).toEqual(["interrupted", ["ended", code]]);
  expect(place.dials).toBe(2);
});

test("dialSession() goes on trying while the network is away, and gives up after the tolerance", async () => {
  const place = new Place();
  const { opened, log } = dialling(place);
  await opened;
  place.dial = () => Promise.reject(new NetworkError("network.unreachable", "no route"));
  place.cut();
  await until(() => log.includes("interrupted"), { what: "the cut" });
  await until(() => place.clock.play(100).then(() => log.length === 2), { what: "the end" });
  expect(log).toEqual(["interrupted", ["ended", "network.timeout"]]);
  expect(place.dials).toBeGreaterThan(2);
});

test("dialSession() gives up a dial that never answers when the tolerance is over", async () => {
  const place = new Place();
  const { opened, log } = dialling(place);
  await opened;
  // A black hole: only the signal ends it.
  place.dial = (signal) => abortable(new Promise(() => {}), signal);
  place.cut();
  await until(() => place.dials === 2, { what: "the second dial" });
  await place.clock.play(900);
  expect(log).toEqual(["interrupted"]);
  await until(() => place.clock.play(100).then(() => log.length === 2), { what: "the end" });
  expect(log[1]).toEqual(["ended", "network.timeout"]);
});

test("end() while the link is being mended: no more dials, nothing is left", async () => {
  const place = new Place();
  const { opened, log } = dialling(place);
  const { session } = await opened;
  place.dial = () => Promise.reject(new NetworkError("network.unreachable", "no route"));
  place.cut();
  await until(() => log.includes("interrupted"), { what: "the cut" });
  session.end();
  const { dials } = place;
  const since = performance.now();
  await until(() => performance.now() - since > 60, { what: "the time of a few dials" });
  expect([log.at(-1), place.dials]).toEqual([["ended", undefined], dials]);
});

test("a signal that aborts while the acceptor thinks ends the dial and its link", async () => {
  const place = new Place();
  const thinking = Promise.withResolvers<Link>();
  const [near, far] = MemoryLink.pair();
  place.dial = () => thinking.promise;
  const abort = new AbortController();
  const { opened } = dialling(place, abort.signal);
  const rejected = thrownBy(opened);
  thinking.resolve(near);
  await Promise.resolve();
  abort.abort(new Error("enough"));
  expect((await rejected).message).toBe("enough");
  await until(() => far.isClosed, { what: "the link to close" });
});

test("a session whose peer stays away ends after resumeMs", async () => {
  const place = new Place();
  const { opened } = dialling(place);
  const { session } = await opened;
  place.dial = (signal) => abortable(new Promise(() => {}), signal);
  place.cut();
  await place.clock.play(9_000);
  expect(place.ends).toEqual([]);
  await place.clock.play(2_000);
  expect(place.ends.map((error) => error?.message)).toEqual([
    "The other end did not come back in 10000 ms",
  ]);
  session.end();
});

test("dispose of an acceptor says goodbye to its sessions", async () => {
  const place = new Place();
  const { opened, log } = dialling(place);
  await opened;
  place.acceptor[Symbol.dispose]();
  await until(() => log.length === 1, { what: "the goodbye" });
  expect(log).toEqual([["ended", "network.closed"]]);
  expect(place.ends).toEqual([undefined]);
});

test("dialSession() rejects when the welcome tells of messages that were never sent", async () => {
  const place = new Place();
  const [near, far] = MemoryLink.pair();
  const answer = { boot: "boot-1", received: 5, toleranceMs: 4_000, data: null };
  far.listen({ frame: () => far.send(encodeMessage([KIND.WELCOME, answer])), close() {} });
  place.dial = async () => near;
  const { opened, log } = dialling(place);
  expect(((await thrownBy(opened)) as DingError).code).toBe("network.protocol");
  expect([near.isClosed, log]).toEqual([true, [["ended", "network.protocol"]]]);
});

test("dialSession() does not storm a place whose links break as soon as they stand, and gives up", async () => {
  const place = new Place();
  const { opened, log } = dialling(place);
  await opened;
  const { dial } = place;
  place.dial = async (signal) => {
    const link = await dial(signal);
    queueMicrotask(() => setTimeout(() => place.cut()));
    return link;
  };
  place.cut();
  const since = performance.now();
  const isOver = (): boolean => performance.now() - since > 200 && place.dials > 2;
  await until(isOver, { what: "the time of a storm" });
  expect(place.dials).toBeLessThan(15);
  await until(() => place.clock.play(1_000).then(() => Array.isArray(log.at(-1))), {
    what: "the end",
  });
  expect(log.at(-1)).toEqual(["ended", "network.timeout"]);
});
