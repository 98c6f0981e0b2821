import { connect as connectTcp } from "node:net";
import { afterEach, beforeEach, expect, test } from "bun:test";
import { encodeFrame } from "../../../src/protocol/codec.ts";
import { FRAME_LIMIT_BYTES } from "../../../src/protocol/limits.ts";
import { decodeMessages, encodeMessage, KIND, type Message } from "../../../src/rpc/message.ts";
import type { Slave } from "../../../src/slave/slave.ts";
import { connect, endOf, recordLog, startMaster, startSlave } from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

/** A peer that speaks WebSocket, and says what it likes. */
class RawPeer implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly got: Message[] = [];
  closed: { code: number; reason: string } | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) =>
      decodeMessages(new Uint8Array(data as ArrayBuffer), (message) => this.got.push(message));
    socket.onclose = ({ code, reason }) => (this.closed = { code, reason });
  }

  static async dial({ port }: { port: number }): Promise<RawPeer> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/session`);
    const peer = new RawPeer(socket);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return peer;
  }

  send(...frames: (Uint8Array | string)[]): this {
    for (const frame of frames) this.#socket.send(frame as Uint8Array<ArrayBuffer>);
    return this;
  }

  /** Opens a session as a master does. */
  async open(hello: object = {}): Promise<this> {
    this.send(helloFrame(hello));
    await until(() => this.got.some(([kind]) => kind === KIND.WELCOME), { what: "the welcome" });
    return this;
  }

  async end(): Promise<{ code: number; reason: string }> {
    return until(() => this.closed, { what: "the slave to close the socket" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await until(() => this.closed, { what: "the end of the socket" });
  }
}

let sessions = 0;

function helloFrame(changes: object = {}): Uint8Array {
  sessions += 1;
  const hello = {
    protocol: 1,
    session: `raw-session-${sessions}`,
    resume: false,
    received: 0,
    toleranceMs: 10_000,
    data: { channel: 0, data: {} },
  };
  return encodeMessage([KIND.HELLO, { ...hello, ...changes }]);
}

const log = recordLog();
let slave: Slave;

beforeEach(async () => {
  log.lines.length = 0;
  slave = await startSlave((task: unknown) => task, { log, resumeMs: 100 });
});

/** Whatever a stranger has done: the slave serves the next master, and nothing of the stranger is left. */
afterEach(async () => {
  await using master = await startMaster();
  const connection = await until(() => connect(master, slave).catch(() => undefined), {
    what: "a master to connect",
  });
  expect(endOf(await connection.newTask(1).start().join())).toEqual(["COMPLETED", 1]);
  await connection.disconnect();
  await until(() => slave.status().master === null, { what: "a slave without a master" });
  await slave.close();
});

const BEFORE_HELLO: [name: string, frame: Uint8Array | string, says: string][] = [
  ["garbage", new Uint8Array([0xc1, 0xff, 0x00]), "Cannot decode msgpack"],
  [
    "truncated msgpack",
    encodeMessage([KIND.HELLO, { protocol: 1 }]).subarray(0, 6),
    "Cannot decode msgpack",
  ],
  ["a value that is no message", encodeFrame({ hello: true }), "no message"],
  ["an unknown kind", encodeFrame([99, 1]), "no message"],
  [
    "a task without a hello",
    encodeMessage([KIND.CALL, 1, "task", ["id", 1], undefined]),
    "no hello",
  ],
  ["a hello without its fields", encodeMessage([KIND.HELLO, {}]), "no hello"],
  ["a hello of another protocol", helloFrame({ protocol: 2 }), "it speaks protocol 2, this is 1"],
  ["a hello to resume what never was", helloFrame({ resume: true }), "it is not known here"],
  ["a hello without a channel", helloFrame({ data: "hi" }), "Channel not found"],
  [
    "a hello on another channel",
    helloFrame({ data: { channel: 1, data: {} } }),
    "Channel is not the slave's",
  ],
];

test.each(BEFORE_HELLO)(
  "first frame %s: refused with words, closed, logged",
  async (_name, frame, says) => {
    await using peer = await RawPeer.dial(slave);
    peer.send(frame);
    const { reason } = await peer.end();
    const refusal = peer.got.find(([kind]) => kind === KIND.REFUSED)?.[1] as { message: string };
    expect(refusal.message).toContain(says);
    expect(refusal.message).toContain(reason.slice(0, 40));
    expect(log.text()).toContain(`came to nothing: ${refusal.message}`);
    expect(slave.status().master).toBeNull();
  },
);

const AFTER_HELLO: [name: string, frame: Uint8Array | string, says: string][] = [
  ["garbage", new Uint8Array([0xc1]), "Cannot decode msgpack"],
  [
    "truncated msgpack",
    encodeMessage([KIND.CALL, 1, "task", ["id", 1], new Uint8Array(90)]).subarray(0, 40),
    "Cannot decode msgpack",
  ],
  ["a value that is no message", encodeFrame("hi"), "no message"],
  ["a call without a number", encodeFrame([KIND.CALL, "x", "task", [], null]), "no message"],
  ["a second hello", helloFrame(), "it is open already"],
  ["an acknowledgement of what was never said", encodeMessage([KIND.ACK, 50]), "Cannot have 50"],
];

test.each(AFTER_HELLO)(
  "%s inside a session ends it, and the slave says why",
  async (_name, frame, says) => {
    await using peer = await RawPeer.dial(slave);
    await peer.open();
    peer.send(frame);
    const { reason } = await peer.end();
    expect(reason).toContain(says.slice(0, 20));
    expect(log.text()).toContain(says);
    expect(slave.status().master).toBeNull();
  },
);

test.each(["before", "after"])(
  "a text frame %s the hello closes the socket with 1003",
  async (when) => {
    await using peer = await RawPeer.dial(slave);
    if (when === "after") await peer.open();
    peer.send("hello there");
    expect(await peer.end()).toEqual({ code: 1003, reason: "binary messages only" });
  },
);

test.each(["before", "after"])(
  "a frame over the limit %s the hello closes the socket",
  async (when) => {
    await using peer = await RawPeer.dial(slave);
    if (when === "after") await peer.open();
    peer.send(new Uint8Array(FRAME_LIMIT_BYTES + 1));
    await peer.end();
    await until(() => slave.status().master === null, { what: "a slave without a master" });
  },
);

test("an unknown method is refused, a task without its fields too, and the session goes on", async () => {
  await using peer = await RawPeer.dial(slave);
  await peer.open();
  const calls: Message[] = [
    [KIND.CALL, 1, "selfdestruct", null, undefined],
    [KIND.CALL, 2, "task", null, undefined],
    [KIND.CALL, 3, "task", ["", 0], undefined],
    [KIND.CALL, 4, "task", ["id-4", 1], encodeFrame("fine")],
  ];
  peer.send(...calls.map((call) => encodeMessage(call)));
  await until(() => peer.got.some(([kind, id]) => kind === KIND.REPLY && id === 4), {
    what: "the result",
  });
  const fails = peer.got.filter(([kind]) => kind === KIND.FAIL);
  expect(fails.map(([, id, error]) => [id, (error as { message: string }).message])).toEqual([
    [1, 'Cannot call "selfdestruct": no such method'],
    [2, "Cannot read task"],
    [3, "Cannot read task"],
  ]);
});

test("answers, events and cancels of calls that never were are passed over", async () => {
  await using peer = await RawPeer.dial(slave);
  await peer.open();
  const strays: Message[] = [
    [KIND.REPLY, 77, undefined],
    [KIND.FAIL, 78, { code: "x", message: "y" }],
    [KIND.EVENT, 79, "progress", undefined],
    [KIND.CANCEL, 80],
    [KIND.CALL, 1, "task", ["id-1", 1], encodeFrame(5)],
  ];
  peer.send(...strays.map((message) => encodeMessage(message)));
  await until(() => peer.got.some(([kind]) => kind === KIND.REPLY), { what: "the result" });
  expect(slave.status().master).not.toBeNull();
});

test("a session that has disconnected gives no more tasks", async () => {
  await using peer = await RawPeer.dial(slave);
  await peer.open();
  peer.send(
    encodeMessage([KIND.CALL, 1, "disconnect", null, undefined]),
    encodeMessage([KIND.CALL, 2, "task", ["id-2", 1], encodeFrame(5)]),
  );
  await until(
    () => peer.got.filter(([kind]) => kind === KIND.REPLY || kind === KIND.FAIL).length === 2,
    {
      what: "two answers",
    },
  );
  const refused = peer.got.find(([kind]) => kind === KIND.FAIL)?.[2] as { details: object };
  expect(refused.details).toMatchObject({ code: 302, status: 403 });
});

test("a stranger who connects and says nothing does not keep anybody out", async () => {
  await using silent = await RawPeer.dial(slave);
  await using master = await startMaster();
  const connection = await connect(master, slave);
  expect((await connection.newTask(2).start().join()).result).toBe(2);
  expect(silent.closed).toBeUndefined();
});

test("bytes that are no HTTP at all are cut off", async () => {
  const socket = connectTcp(slave.port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  socket.write(new Uint8Array(1_000).fill(0xfe));
  socket.resume();
  await closed;
});
