/** A slave with no features: `bun slave.ts none|process` listens, executes, answers. */
import { fork } from "node:child_process";
import { exactly, frameOf, idOf, valueOf } from "./bare-codec.ts";

type Frame = Uint8Array<ArrayBuffer>;

interface Work {
  a: number;
  b: number;
  values?: unknown;
}

/** The same work as `bench/plugins/sum-or-echo.ts`. */
function execute(frame: Frame): Frame {
  const work = valueOf(frame) as Work;
  return frameOf(idOf(frame), work.values ?? work.a + work.b);
}

/** Prints its port, hands each frame to `onFrame`, and gives back how to answer its one master. */
function listen(onFrame: (frame: Frame) => void): (frame: Frame) => void {
  let master: Bun.ServerWebSocket<undefined> | undefined;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response("no upgrade")),
    websocket: {
      open: (socket) => {
        socket.binaryType = "uint8array";
        master = socket;
      },
      message: (_socket, frame) => onFrame(frame as Frame),
    },
  });
  console.log(server.port);
  return (frame) => void master?.sendBinary(frame);
}

const role = process.argv[2];
if (role === "child") {
  process.on("message", (frame) => process.send?.(exactly(execute(frame as Frame))));
  process.on("disconnect", () => process.exit());
} else if (role === "process") {
  const child = fork(import.meta.path, ["child"], { serialization: "advanced" });
  const answer = listen((frame) => void child.send(frame));
  child.on("message", (frame) => answer(frame as Frame));
} else {
  const answer = listen((frame) => answer(execute(frame)));
}
