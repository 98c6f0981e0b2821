import { expect, test } from "bun:test";
import type { ServerWebSocket } from "bun";
import type { DingError } from "../../../src/core/errors.ts";
import { encodeFrame } from "../../../src/protocol/codec.ts";
import { decodeMessages, encodeMessage, KIND, type Message } from "../../../src/rpc/message.ts";
import { connect, endOf, startMaster, thrownBy } from "../../support/interaction.ts";
import { until } from "../../support/until.ts";

type Answer = (
  message: Message,
  say: (...messages: Message[]) => void,
  socket: ServerWebSocket,
) => void;

const FACTS = {
  name: "fake",
  plugin: "fake",
  version: "0",
  channel: 0,
  mode: "queue",
  concurrency: 9,
  queueLimit: 9,
  pid: 1,
};
const WELCOME = { boot: "boot-1", received: 0, toleranceMs: 10_000, data: FACTS };

/** Something that listens where a slave should, and answers as it likes. */
function serveFake(answer: Answer): { port: number } & AsyncDisposable {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, bun) =>
      bun.upgrade(request) ? undefined : new Response("not here", { status: 404 }),
    websocket: {
      message(socket, frame) {
        const say = (...messages: Message[]): void => {
          for (const message of messages) socket.send(encodeMessage(message));
        };
        decodeMessages(new Uint8Array(frame as Buffer), (message) => answer(message, say, socket));
      },
    },
  });
  return { port: server.port ?? 0, [Symbol.asyncDispose]: () => server.stop(true) };
}

/** Welcomes a master, resumes nothing, and leaves the rest to `then`. */
const afterWelcome =
  (then: Answer): Answer =>
  (message, say, socket) => {
    if (message[0] !== KIND.HELLO) return then(message, say, socket);
    const { resume } = message[1] as { resume: boolean };
    if (resume) say([KIND.REFUSED, { code: "network.closed", message: "not known here" }]);
    else say([KIND.WELCOME, WELCOME]);
  };

const GREETINGS: [name: string, answer: Answer, code: string][] = [
  ["hangs up", (_message, _say, socket) => socket.close(), "network.closed"],
  ["is cut", (_message, _say, socket) => socket.terminate(), "network.closed"],
  [
    "answers garbage",
    (_message, _say, socket) => void socket.send(new Uint8Array([0xc1])),
    "network.protocol",
  ],
  ["answers a text", (_message, _say, socket) => void socket.send("hello"), "network.closed"],
  [
    "answers a task",
    (_message, say) => say([KIND.CALL, 1, "task", [], undefined]),
    "network.protocol",
  ],
  ["answers an empty welcome", (_message, say) => say([KIND.WELCOME, {}]), "network.protocol"],
  [
    "does not say what it is",
    (_message, say) => say([KIND.WELCOME, { ...WELCOME, data: { name: 5 } }]),
    "network.protocol",
  ],
  ["refuses without words", (_message, say) => say([KIND.REFUSED, {}]), "network.protocol"],
  [
    "refuses for a reason of its own",
    (_message, say) => say([KIND.REFUSED, { code: "moon.phase", message: "Wrong moon" }]),
    "peer.refused",
  ],
];

test.each(GREETINGS)(
  "connect() to a slave that %s rejects and leaves nothing open",
  async (_name, answer, code) => {
    let sockets = 0;
    await using fake = serveFake((message, say, socket) => {
      if (message[0] === KIND.HELLO) {
        sockets += 1;
        answer(message, say, socket);
      }
    });
    await using master = await startMaster();
    const error = (await thrownBy(connect(master, fake))) as DingError;
    expect([error.code as string, master.connections, sockets]).toEqual([code, [], 1]);
  },
);

test("what answers no WebSocket at all is told apart from a slave", async () => {
  const web = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("web") });
  try {
    await using master = await startMaster();
    const connection = master.newConnection("s", "127.0.0.1", {
      port: web.port ?? 0,
      dialect: "session",
    });
    expect(((await thrownBy(connection.connect())) as DingError).code).toBe("network.protocol");
  } finally {
    await web.stop(true);
  }
});

test("answers, events and calls that nobody asked for are passed over", async () => {
  await using fake = serveFake(
    afterWelcome((message, say) => {
      if (message[0] !== KIND.CALL) return;
      const [, id, method] = message;
      say(
        [KIND.REPLY, 99, encodeFrame("stray")],
        [KIND.FAIL, 98, { code: "x", message: "stray" }],
        [KIND.EVENT, 97, "progress", encodeFrame(1)],
        [KIND.CANCEL, 96],
        [KIND.CALL, 1, "give me your data", null, undefined],
        [KIND.REPLY, id, method === "task" ? encodeFrame("right") : undefined],
        [KIND.REPLY, id, encodeFrame("twice")],
      );
    }),
  );
  await using master = await startMaster();
  const connection = await connect(master, fake);
  for (let round = 0; round < 3; round++) {
    expect(endOf(await connection.newTask().start().join())).toEqual(["COMPLETED", "right"]);
  }
});

const BREAKS: [name: string, frame: (id: number) => Uint8Array][] = [
  ["garbage", () => new Uint8Array([0xc1])],
  ["a failure without words", (id) => encodeFrame([KIND.FAIL, id, {}])],
  ["an answer whose body is no bytes", (id) => encodeFrame([KIND.REPLY, id, "text"])],
  ["an acknowledgement of what was never said", () => encodeMessage([KIND.ACK, 1_000])],
];

test.each(BREAKS)(
  "%s from a slave ends the connection: its tasks are LOST, nothing hangs",
  async (_name, frame) => {
    await using fake = serveFake(
      afterWelcome((message, _say, socket) => {
        if (message[0] === KIND.CALL) socket.send(frame(message[1]) as Uint8Array<ArrayBuffer>);
      }),
    );
    await using master = await startMaster();
    const connection = await connect(master, fake);
    const task = connection.newTask();
    await task.start().catch(() => {});
    expect((await task.join({ timeoutMs: 5_000 })).status).toBe("LOST");
    await until(() => !connection.isConnected, { what: "the end of the connection" });
  },
);

test("a progress that cannot be read is dropped; its task goes on", async () => {
  await using fake = serveFake(
    afterWelcome((message, say) => {
      if (message[0] !== KIND.CALL) return;
      const [, id, method] = message;
      if (method === "task") say([KIND.EVENT, id, "progress", new Uint8Array([0xc1])]);
      say([KIND.REPLY, id, method === "task" ? encodeFrame("done") : undefined]);
    }),
  );
  await using master = await startMaster();
  const connection = await connect(master, fake);
  expect(endOf(await connection.newTask().start().join())).toEqual(["COMPLETED", "done"]);
});

test("a result that cannot be read fails its task, and only that", async () => {
  await using fake = serveFake(
    afterWelcome((message, say) => {
      if (message[0] !== KIND.CALL) return;
      const isTask = message[2] === "task";
      say([KIND.REPLY, message[1], isTask ? new Uint8Array([0xc1]) : undefined]);
    }),
  );
  await using master = await startMaster();
  const connection = await connect(master, fake);
  const task = await connection.newTask().start().join();
  expect([task.status, (task.error as DingError).code]).toEqual(["FAILED", "task.invalid-result"]);
  expect(connection.isConnected).toBe(true);
});

test("failures with codes and fields of all kinds end their task as FAILED, with what can be known", async () => {
  const FAILS = [
    { code: "moon.phase", message: "wrong moon", details: { a: 1 } },
    { message: "no code" },
    { code: 7, message: "a number" },
    { code: "task.failed", message: "odd details", details: "text" },
    { code: "peer.refused", message: "no numbers in it", details: { status: "x" } },
  ];
  let next = 0;
  await using fake = serveFake(
    afterWelcome((message, say) => {
      if (message[0] !== KIND.CALL) return;
      if (message[2] !== "task") return say([KIND.REPLY, message[1], undefined]);
      say([KIND.EVENT, message[1], "accepted", undefined]);
      say([KIND.FAIL, message[1], FAILS[next++] as never]);
    }),
  );
  await using master = await startMaster();
  const connection = await connect(master, fake);
  for (const { message } of FAILS) {
    const task = await connection.newTask().start().join({ timeoutMs: 5_000 });
    expect([task.status, task.error?.message]).toEqual(["FAILED", message]);
  }
  expect(connection.isConnected).toBe(true);
});
