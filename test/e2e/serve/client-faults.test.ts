import { expect, test } from "bun:test";
import { Client } from "../../../src/serve/client/client.ts";
import { spawnDing, type ReadyLine, type RunningDing } from "../../support/ding.ts";
import { freePort } from "../../support/free-port.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** Takes 5 ms for a batch. */
const PLUGIN = `
export default {
  getEnv() {},
  getModel() { return {}; },
  async predict(model, inputs) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return inputs.map((item) => ({ got: item }));
  },
};
`;

type Served = RunningDing & ReadyLine;

/** The plugin's folder: it is written once, as servers read it whenever they like. */
async function pluginFolder(): Promise<TempFolder> {
  const folder = await tempFolder();
  await folder.write("model.ts", PLUGIN);
  return folder;
}

async function serve(folder: TempFolder, port = 0): Promise<Served> {
  const words = ["serve", "model.ts", "--port", String(port), "--workers", "2", "--json"];
  const server = spawnDing(words, { cwd: folder.path });
  try {
    return Object.assign(server, await server.ready(60_000));
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

interface Load {
  readonly answered: number;
  /** Stops asking; resolves with every answer, rejects with the first failure. */
  finish(): Promise<number>;
}

/** Asks by so many loops until it is told to finish; every answer must be to its own question. */
function press(client: Client, loops: number): Load {
  let isOver = false;
  let asked = 0;
  let answered = 0;
  const loop = async (): Promise<void> => {
    while (!isOver) {
      const item = asked++;
      const { got } = await client.encode<{ got: number }>(item);
      expect(got).toBe(item);
      answered += 1;
    }
  };
  const running = Promise.all(Array.from({ length: loops }, loop));
  running.catch(() => {});
  return {
    get answered() {
      return answered;
    },
    async finish() {
      isOver = true;
      await running;
      return answered;
    },
  };
}

async function pass(load: Load, more: number): Promise<void> {
  const from = load.answered;
  await until(() => load.answered >= from + more, { timeoutMs: 20_000 });
}

test("a server that is killed and started again under load: every request is answered", async () => {
  await using folder = await pluginFolder();
  const port = await freePort();
  const first = await serve(folder, port);
  // The next one may take its time to be there.
  await using client = new Client({ ip: "127.0.0.1", port, connectTimeoutMs: 60_000 });
  const load = press(client, 32);
  await pass(load, 200);
  await first[Symbol.asyncDispose]();
  await using second = await serve(folder, port);
  await pass(load, 200);
  expect(await load.finish()).toBeGreaterThanOrEqual(400);
  expect(second.port).toBe(port);
});

test("three servers, one killed, one stopped, under load: every request is answered", async () => {
  await using folder = await pluginFolder();
  await using stack = new AsyncDisposableStack();
  const servers = await Promise.all([serve(folder), serve(folder), serve(folder)]);
  for (const server of servers) stack.use(server);
  const [killed, stopped] = servers as [Served, Served, Served];
  await using client = new Client({ servers: servers.map(({ address }) => address) });
  const load = press(client, 48);
  await pass(load, 300);
  killed.kill();
  await pass(load, 300);
  const { code } = await stopped.stop("SIGTERM");
  expect(code).toBe(0);
  await pass(load, 300);
  await load.finish();
  // Those that are away are dialled now and then.
  const states = () => client.status.servers.map(({ state }) => state).join(" ");
  await until(() => states() === "idle idle up", { what: "two servers that are known to be away" });
});

test("a client that is killed leaves nothing behind in the queue", async () => {
  await using folder = await pluginFolder();
  await using server = await serve(folder);
  const input = Array.from({ length: 5_000 }, (_, index) => index).join("\n");
  await using calling = spawnDing(["serve", "call", server.address, "-", "-c", "2000"], { input });
  await until(() => calling.stdout.length > 0, { timeoutMs: 20_000 });
  calling.kill();
  await calling.waitForExit();
  await using client = new Client({ ip: server.address });
  await until(
    async () => {
      const { clients, models } = (await client.serverStatus()) as {
        clients: number;
        models: { queuedRequests: number; queuedRows: number }[];
      };
      const isEmpty = models.every((model) => model.queuedRequests + model.queuedRows === 0);
      return isEmpty && clients === 1;
    },
    { timeoutMs: 20_000 },
  );
  expect(await client.encode(1)).toEqual({ got: 1 });
});
