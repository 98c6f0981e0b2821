import { connect } from "node:net";
import { brokerServer } from "../../scripts/test-services/brokers.ts";
import { freePort } from "./free-port.ts";
import { OwnProcess } from "./own-process.ts";
import { tempFolder } from "./temp-folder.ts";
import { until } from "./until.ts";

/** A Redis of a test's own. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** "redis://127.0.0.1:PORT/0" */
  readonly url: string;
  /** What it has written. */
  readonly output: string;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again where it was, with what was on its disk. */
  start(): Promise<void>;
  /** It stands still, as in a machine that hangs, until `proceed()`. */
  halt(): Promise<void>;
  proceed(): void;
  /** Says something to it, and gives its raw answer. */
  say(command: string): Promise<string>;
}

const found = await brokerServer("redis-server");
/** What is missing for a Redis here. */
export const redisMissing = "missing" in found ? found.missing : undefined;

/** Starts one on a free port; `aof` keeps what it was told on the disk. */
export async function redisServer({
  aof = false,
  flags = [],
}: { aof?: boolean; flags?: string[] } = {}): Promise<RedisServer> {
  if ("missing" in found) throw new Error(found.missing);
  const folder = await tempFolder();
  const port = await freePort();
  const own = new OwnProcess([
    found.program,
    ...`--port ${port} --bind 127.0.0.1 --set-proc-title no --appendfsync always`.split(" "),
    ...`--dir ${folder.path} --appendonly ${aof ? "yes" : "no"} --save`.split(" "),
    "",
    ...flags,
  ]);
  const start = async (): Promise<void> => {
    own.start();
    const isUp = async (): Promise<boolean> => /^\+PONG|^-NOAUTH/.test(await say(port, "PING"));
    await until(isUp, { timeoutMs: 20_000, what: () => `a Redis: ${own.output}` });
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    get output() {
      return own.output;
    },
    kill: () => own.kill(),
    start,
    halt: () => own.halt(),
    proceed: () => own.proceed(),
    say: (command) => say(port, command),
    async [Symbol.asyncDispose]() {
      await own.kill();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function say(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    // One that goes down may have taken the connection.
    socket.once("close", () => reject(new Error(`Nothing was said at port ${port}`)));
    socket.once("connect", () => socket.write(`${command}\r\n`));
    socket.once("data", (data) => {
      resolve(data.toString());
      socket.destroy();
    });
  });
}
