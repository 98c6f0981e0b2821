import { expect, test } from "bun:test";
import { signalIfThere } from "../support/signal-if-there.ts";
import { Chance, chaosSeed } from "../support/chance.ts";
import { startServe, type StartedServe } from "../support/serve.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

/** 300 KB an item: it travels through shared memory. */
const FLOATS = 75_000;
const MODEL = `import { defineModel } from "ding";
const x = { datatype: "FP32", shape: [-1, ${FLOATS}] } as const;
export default defineModel({
  input: { x },
  output: { y: x },
  async predict(_model, inputs) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return inputs.map(({ x }) => ({ y: x.map((value: number) => value + 1) }));
  },
});
`;

interface Worker {
  pid: number;
}

async function workersOf({ url }: StartedServe): Promise<number[]> {
  const { models } = (await (await fetch(`${url}/status`)).json()) as {
    models: { workers: Worker[] }[];
  };
  return models[0]?.workers.map(({ pid }) => pid) ?? [];
}

/** Sends tensors that are all of one number, and wants them back with one more. */
class Askers {
  readonly faults: string[] = [];
  answered = 0;
  #isOver = false;
  readonly #running: Promise<void[]>;

  constructor(url: string, count: number) {
    this.#running = Promise.all(Array.from({ length: count }, (_, asker) => this.#on(url, asker)));
  }

  async finish(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  async #on(url: string, asker: number): Promise<void> {
    for (let turn = 0; !this.#isOver; turn++) {
      const value = asker * 1_000 + (turn % 1_000);
      const fault = await this.#ask(url, value).catch((error: unknown) => String(error));
      if (fault === undefined) this.answered += 1;
      else this.faults.push(`${value}: ${fault}`);
    }
  }

  async #ask(url: string, value: number): Promise<string | undefined> {
    const bytes = FLOATS * 4;
    const tensor = { name: "x", datatype: "FP32", shape: [1, FLOATS] };
    const head = JSON.stringify({
      inputs: [{ ...tensor, parameters: { binary_data_size: bytes } }],
      parameters: { binary_data_output: true },
    });
    const response = await fetch(`${url}/v2/models/model/infer`, {
      method: "POST",
      body: Buffer.concat([
        Buffer.from(head),
        new Uint8Array(new Float32Array(FLOATS).fill(value).buffer),
      ]),
      headers: { "Inference-Header-Content-Length": String(Buffer.byteLength(head)) },
    });
    if (!response.ok) return `${response.status} ${await response.text()}`;
    const from = Number(response.headers.get("inference-header-content-length"));
    const got = new Float32Array((await response.arrayBuffer()).slice(from));
    const wrong = got.findIndex((one) => one !== value + 1);
    if (got.length === FLOATS && wrong < 0) return undefined;
    return `${got.length} numbers, at ${wrong}: ${got[wrong]}`;
  }
}

test("large tensors while workers are killed, stopped and swapped: every request has its own answer, whole", async () => {
  const seed = chaosSeed();
  const chance = new Chance(seed);
  await using folder = await tempFolder();
  const model = await folder.write("model.ts", MODEL);
  const words = ["--workers=2", "--batch-size=4", "--retries=20", "--log-level=error"];
  await using server = await startServe([model, ...words]);
  const askers = new Askers(server.url, 6);
  const stopped: number[] = [];
  for (let trouble = 0; trouble < 10; trouble++) {
    const from = askers.answered;
    const pid = chance.pick(await workersOf(server));
    const what = chance.pick(["kill", "stop", "swap"] as const);
    if (what === "swap") server.kill("SIGHUP");
    else signalIfThere(pid, what === "kill" ? "SIGKILL" : "SIGSTOP");
    if (what === "stop") stopped.push(pid);
    await until(() => askers.answered >= from + 10 || askers.faults.length > 0, {
      timeoutMs: 30_000,
      what: () => `10 answers after ${what}`,
    }).finally(() => {
      for (const one of stopped.splice(0)) signalIfThere(one, "SIGCONT");
    });
  }
  await askers.finish();
  console.error(`  large tensors: CHAOS_SEED=${seed} ${askers.answered} answered`);
  expect(askers.faults).toEqual([]);
  expect((await server.stop()).code).toBe(0);
}, 180_000);
