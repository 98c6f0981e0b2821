import { connect } from "node:net";
import { brokerServer } from "../../scripts/test-services/brokers.ts";
import { freePort } from "./free-port.ts";
import { OwnProcess } from "./own-process.ts";
import { tempFolder } from "./temp-folder.ts";
import { until } from "./until.ts";

/** A NATS with JetStream of a test's own. */
export interface NatsServer extends AsyncDisposable {
  readonly port: number;
  /** "nats://127.0.0.1:PORT" */
  readonly url: string;
  /** What it has written. */
  readonly output: string;
  /** kill -9. */
  kill(): Promise<void>;
  /** Ends it in order: it writes down all it knows. */
  stop(): Promise<void>;
  /** Starts it again where it was, with what was on its disk. */
  start(): Promise<void>;
  /** It stands still, as in a machine that hangs, until `proceed()`. */
  halt(): Promise<void>;
  proceed(): void;
}

const found = await brokerServer("nats-server");
/** What is missing for a NATS here. */
export const natsMissing = "missing" in found ? found.missing : undefined;

/** Starts one on a free port. */
export async function natsServer({
  flags = [],
  jetStream = true,
}: { flags?: string[]; jetStream?: boolean } = {}): Promise<NatsServer> {
  if ("missing" in found) throw new Error(found.missing);
  const folder = await tempFolder();
  const port = await freePort();
  const store = jetStream ? ["-js", "-sd", folder.path] : [];
  const own = new OwnProcess([
    found.program,
    "-a",
    "127.0.0.1",
    "-p",
    `${port}`,
    ...store,
    ...flags,
  ]);
  const start = async (): Promise<void> => {
    own.start();
    const isUp = async (): Promise<boolean> =>
      own.output.includes("Server is ready") && (await greets(port));
    await until(isUp, { timeoutMs: 20_000, what: () => `a NATS: ${own.output}` });
  };
  await start();
  return {
    port,
    url: `nats://127.0.0.1:${port}`,
    get output() {
      return own.output;
    },
    kill: () => own.kill(),
    stop: () => own.kill("SIGTERM"),
    start,
    halt: () => own.halt(),
    proceed: () => own.proceed(),
    async [Symbol.asyncDispose]() {
      await own.kill();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function greets(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", reject);
    // One that goes down may have taken the connection.
    socket.once("close", () => reject(new Error(`Nothing was said at port ${port}`)));
    socket.once("data", (data) => {
      resolve(data.toString().startsWith("INFO"));
      socket.destroy();
    });
  });
}
