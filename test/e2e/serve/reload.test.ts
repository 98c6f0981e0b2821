import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test";
import { predict, startServe, type StartedServe } from "../../support/serve.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** A model that answers with its version; warm after a while. */
const saying = (version: number): string => `import { defineModel } from "ding";
export default defineModel({
  async predict(_model, inputs) {
    await new Promise((resolve) => setTimeout(resolve, 3));
    return inputs.map((input) => [input, ${version}]);
  },
  warmup: () => new Promise((resolve) => setTimeout(resolve, 150)),
});
`;

let folder: TempFolder;
let server: StartedServe;
let version = 1;

beforeAll(async () => {
  folder = await tempFolder();
  await folder.write("model.ts", saying(1));
  const words = ["--workers=2", "--batch-size=4", "--watch"];
  server = await startServe(["model.ts", ...words], { cwd: folder.path });
});

afterAll(async () => {
  const { code, stderr } = await server.stop();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("Unhandled")]);
});

beforeEach(() => {
  version += 1;
});

/** Clients that ask without a pause, until they are told to end. */
class Load {
  /** Of the answers; what failed is there as text. */
  readonly seen = new Map<unknown, number>();
  #isOver = false;
  readonly #running: Promise<void[]>;

  constructor(clients = 12) {
    this.#running = Promise.all(Array.from({ length: clients }, (_, client) => this.#ask(client)));
  }

  async until(what: unknown, count = 20): Promise<void> {
    const shown = (): string => JSON.stringify([...this.seen]);
    const timeoutMs = 30_000;
    const from = this.seen.get(what) ?? 0;
    const isThere = (): boolean => (this.seen.get(what) ?? 0) >= from + count;
    await until(isThere, { timeoutMs, what: () => `${String(what)} among ${shown()}` });
  }

  /** What was ever answered. */
  async finish(): Promise<unknown[]> {
    this.#isOver = true;
    await this.#running;
    return [...this.seen.keys()];
  }

  async #ask(client: number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const input = client * 1_000_000 + turn;
      const { status, body } = await predict(server.url, input, { model: "model" });
      const [echo, said] = (body["output"] ?? []) as number[];
      const what = status === 200 && echo === input ? said : `${status} ${JSON.stringify(body)}`;
      this.seen.set(what, (this.seen.get(what) ?? 0) + 1);
    }
  }
}

type Way = [name: string, reload: () => Promise<unknown>];

const WAYS: Way[] = [
  ["SIGHUP", async () => server.kill("SIGHUP")],
  ["the repository API", () => load("model")],
  ["--watch", async () => undefined],
];

function load(model: string): Promise<Response> {
  return fetch(`${server.url}/v2/repository/models/${model}/load`, { method: "POST" });
}

test.each(WAYS)("reload by %s under load: no request fails", async (_name, reload) => {
  const clients = new Load();
  await clients.until(version - 1);
  await folder.write("model.ts", saying(version));
  await reload();
  await clients.until(version);
  expect(await clients.finish()).toEqual([version - 1, version]);
});

test.each(WAYS)(
  "reload by %s that fails keeps the old model, and says why; repaired it is taken",
  async (_name, reload) => {
    await folder.write("model.ts", saying(version - 1));
    const clients = new Load();
    await clients.until(version - 1);
    const printed = server.stderr.length;
    const broken = `no weights of ${version}`;
    await folder.write("model.ts", `throw new Error("${broken}");`);
    await reload();
    const said = (): string => server.stderr.slice(printed);
    await until(() => said().includes("stays as it was") && said().includes(broken), {
      timeoutMs: 20_000,
      what: () => `word of the failure: ${said()}`,
    });
    await clients.until(version - 1);
    const ready = await fetch(`${server.url}/v2/models/model/ready`);
    expect(ready.status).toBe(200);
    await folder.write("model.ts", saying(version));
    await reload();
    await clients.until(version);
    const seen = await clients.finish();
    expect(seen.filter((one) => typeof one !== "number")).toEqual([]);
  },
);

test("many wishes to load again at once: what is there afterwards is the last file, and the workers are as many as before", async () => {
  const clients = new Load();
  for (let wish = 0; wish < 10; wish++) {
    server.kill("SIGHUP");
    void load("model").then((response) => response.text());
    version += 1;
    await folder.write("model.ts", saying(version));
  }
  expect((await load("model")).status).toBe(200);
  await clients.until(version);
  const seen = await clients.finish();
  expect(seen.filter((one) => typeof one !== "number")).toEqual([]);
  await until(
    async () => {
      const status = (await (await fetch(`${server.url}/status`)).json()) as {
        models: { name: string; workers: unknown[] }[];
      };
      return status.models.every(({ workers }) => workers.length === 2);
    },
    { timeoutMs: 30_000, what: "two workers of each model" },
  );
});

test("reloads leave no process and no open file behind", async () => {
  const held = async (): Promise<{ files: number; children: number }> => {
    const files = await readdir(`/proc/${server.pid}/fd`);
    const children = await Bun.file(`/proc/${server.pid}/task/${server.pid}/children`).text();
    return { files: files.length, children: children.trim().split(" ").length };
  };
  const untilCalm = (isCalm: (files: number) => boolean): Promise<number> => {
    const calm = async (): Promise<number | undefined> => {
      const { files, children } = await held();
      return children === 2 && isCalm(files) ? files : undefined;
    };
    return until(calm, { timeoutMs: 20_000, everyMs: 100, what: "the old workers to be gone" });
  };
  expect((await load("model")).status).toBe(200);
  const atFirst = await untilCalm(() => true);
  for (let count = 0; count < 10; count++) {
    expect((await load("model")).status).toBe(200);
    expect((await predict(server.url, count)).status).toBe(200);
  }
  // A connection of ours more or less is no leak.
  expect(await untilCalm((files) => files <= atFirst + 5)).toBeGreaterThan(0);
});

/** A model that has a route of its own. */
const routed = (path: string, words: string): string => `import { defineModel } from "ding";
export default defineModel({
  predict: (_model, inputs) => inputs.map(() => "${words}"),
  routes(app, client) {
    app.get("${path}", async (context) => context.json(["${words}", await client.encode(0)]));
  },
});
`;

test("a plugin's routes are loaded again with it, and stay as they were where they cannot be", async () => {
  await using place = await tempFolder();
  const model = await place.write("routed.ts", routed("/mine", "one"));
  await using own = await startServe([model, "--log-level=error"]);
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`${own.url}${path}`);
    return response.status === 200 ? response.json() : response.status;
  };
  const reload = async (text: string): Promise<void> => {
    await place.write("routed.ts", text);
    const url = `${own.url}/v2/repository/models/routed/load`;
    expect((await fetch(url, { method: "POST" })).status).toBe(200);
  };
  expect(await ask("/mine")).toEqual(["one", "one"]);
  await reload(routed("/mine", "two"));
  expect(await ask("/mine")).toEqual(["two", "two"]);
  await reload(routed("/yours", "three"));
  expect([await ask("/yours"), await ask("/mine")]).toEqual([["three", "three"], 404]);
  await reload(
    routed("/mine", "four").replace("routes(app, client) {", "$& throw new Error('no');"),
  );
  expect(await ask("/yours")).toEqual(["three", "four"]);
  const said = "the plugins' routes stay as they were";
  await until(() => own.stderr.includes(said), { what: () => `${said}: ${own.stderr}` });
  await reload(routed("/mine", "one"));
  expect([await ask("/yours"), await ask("/mine")]).toEqual([404, ["one", "one"]]);
});
